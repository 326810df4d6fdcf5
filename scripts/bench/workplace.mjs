import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBusyboxArchive } from '../setup/busybox-image.mjs';
import { runCommand } from '../setup/run-command.mjs';
import { makeEngines } from './engines.mjs';
import { runQuietly } from './measure.mjs';
import { endRegistry } from './registry.mjs';

/**
 * Two pairs of engines with the image busybox in each: `pair` has its stores on a tmpfs (for images, where a disk is too noisy),
 * `diskPair` on the disk, where an ordinary user has them. All of it goes at the end.
 */
export async function withWorkplace(runtime, work) {
  const disk = mkdtempSync('/var/tmp/tspod-bench-');
  const directory = mkdtempSync(join(tmpdir(), 'tspod-bench-'));
  runCommand('mount', [
    '-t',
    'tmpfs',
    '-o',
    `mode=755,size=${Math.floor(freemem() * 0.8)}`,
    'tspod-bench',
    directory,
  ]);
  const engines = makeEngines({ stores: directory, volatile: directory, runtime });
  const onDisk = makeEngines({ stores: disk, volatile: join(directory, 'disk'), runtime });
  const place = {
    directory,
    engines,
    pair: [engines.podman, engines.tspod],
    diskPair: [onDisk.podman, onDisk.tspod],
  };
  const all = [...place.pair, ...place.diskPair];
  try {
    const archive = ensureBusyboxArchive(join(directory, 'busybox.tar'));
    for (const engine of all)
      runQuietly(engine, ['import', '--change', 'CMD ["sh"]', archive, 'localhost/busybox:latest']);
    await work(place);
  } finally {
    for (const engine of all) {
      try {
        runQuietly(engine, ['rm', '--all', '--force', '--time', '0']);
      } catch (error) {
        console.error(`${error.message}`);
      }
    }
    await endRegistry(place);
    runCommand('umount', ['-l', directory]);
    rmdirSync(directory);
    rmSync(disk, { recursive: true, force: true });
  }
}
