import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { inContainer, startSleeper } from '../fixtures/containers.ts';
import { findRemains } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const skip = requires('runc');
const NONE = ['--network', 'none'];
let image = '';
let hanging = '';

before(async () => {
  if (skip !== false) return;
  image = await busyboxImage();
  hanging = join(testRoot().base, 'hanging-runtime');
  const script = `#!/bin/sh
case " $* " in *" run "*|*" create "*) : >"$0.at-work"; exec sleep 1000;; esac
exec ${programPath('runc')} "$@"
`;
  writeFileSync(hanging, script, { mode: 0o755 });
});

async function untilItHangs(): Promise<void> {
  const mark = `${hanging}.at-work`;
  await waitFor('the runtime to be at work', () => existsSync(mark));
  rmSync(mark);
}

test('a run whose runtime hangs ends by the signal that asks for it, and leaves nothing', {
  skip,
}, async () => {
  const run = spawnTspod(['--runtime', hanging, 'run', '--rm', '--name', 'stuck', ...NONE, image, 'true']);
  await untilItHangs();
  run.kill('SIGINT');
  assert.equal((await run.exit).code, 125);
  assert.match(run.stderr(), /^Error: container stuck was not started: the runtime was still at work/);
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('a container is removed by force while its runtime hangs, also when the run was killed', {
  skip,
}, async () => {
  for (const kills of [false, true]) {
    const run = spawnTspod(['--runtime', hanging, 'run', '-d', '--name', 'stuck', ...NONE, image, 'true']);
    await untilItHangs();
    if (kills) run.kill('SIGKILL');
    await tspodOk(['--runtime', hanging, 'rm', '-f', '-t', '0', 'stuck']);
    const { code } = await run.exit;
    assert.equal(code, kills ? undefined : 125);
    if (!kills)
      assert.match(
        run.stderr(),
        /^Error: container \w{64} was removed by another process while it was being/,
      );
    assert.deepEqual(await findRemains(testRoot()), []);
  }
});

test('a FIFO in place of the list of users is refused by its name instead of waited for', {
  skip,
}, async () => {
  await tspodOk([
    'run',
    '--name',
    'maker',
    ...NONE,
    image,
    'sh',
    '-c',
    'rm -f /etc/passwd; mkfifo /etc/passwd',
  ]);
  await tspodOk(['commit', '-q', 'maker', 'localhost/fifo']);
  for (const words of [
    ['start', '-a', 'maker'],
    ['run', '--rm', ...NONE, 'localhost/fifo', 'true'],
  ]) {
    const { code, stderr } = await tspod(words);
    assert.equal(code, 125);
    assert.match(stderr, /^Error: \/etc\/passwd of the container is a FIFO: /m);
  }
  const name = await startSleeper();
  await tspodOk(['exec', name, 'sh', '-c', 'rm -f /etc/group; mkfifo /etc/group']);
  const { code, stderr } = await tspod(['exec', name, 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /^Error: \/etc\/group of the container is a FIFO: /);
  // Who is not asked to wait may have it.
  await inContainer(['-v', `${join(testRoot().base, 'auth.json')}:/etc/passwd`], 'id');
  await tspodOk(['rm', '-f', '-t', '0', name, 'maker']);
  await tspodOk(['rmi', 'localhost/fifo']);
});
