import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CHECKOUT } from '../setup/checkout.mjs';
import { SetupError } from '../setup/tell.mjs';

/** What a run needs of the built checkout goes to /srv/tspod, and every user gets an image. */
export function copyCheckout({ ssh }, busyboxArchive) {
  const parts = ['bin', 'dist', 'package.json', `node_modules/node-linux-${process.arch}`];
  send(ssh, ['tar', '-C', CHECKOUT, '-cf', '-', ...parts], 'mkdir -p /srv/tspod && tar -C /srv/tspod -xf -');
  send(
    ssh,
    ['cat', join(CHECKOUT, 'scripts/install/systemd/tspod-boot.service')],
    'cat > /srv/tspod/tspod-boot.service',
  );
  send(ssh, ['cat', busyboxArchive], 'cat > /srv/busybox.tar && chmod -R a+rX /srv');
  send(
    ssh,
    ['true'],
    'for user in root lingering visitor; do sudo -iu $user tspod import -q --change \'CMD ["sh"]\' /srv/busybox.tar localhost/busybox:latest; done',
  );
}

function send(ssh, source, command) {
  const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;
  const line = [source, [...ssh, 'root@127.0.0.1', command]]
    .map((words) => words.map(quote).join(' '))
    .join(' | ');
  const { status } = spawnSync('/bin/sh', ['-c', line], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new SetupError(`in the guest failed: ${command}`);
}
