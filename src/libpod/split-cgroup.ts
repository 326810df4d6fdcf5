import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import { endCgroupMove } from './cgroup-head-start.ts';
import { cgroupToSplit, RUNTIME_CGROUP } from './host-cgroups.ts';

const ROOT = '/sys/fs/cgroup';

/**
 * `--cgroups=split`: the cgroup we were called in becomes one that holds cgroups alone, because the kernel lets none with processes pass
 * limits on. Empties it into `<own>/runtime`; idempotent. Throws UnsupportedError where that is not ours to do.
 */
export async function splitOwnCgroup(): Promise<void> {
  await endCgroupMove();
  const own = cgroupToSplit();
  if (own === '/')
    throw new UnsupportedError('--cgroups=split: there is no cgroup to split, this is the root of all', {
      hint: 'start tspod from a systemd unit or a login',
    });
  const directory = join(ROOT, own);
  const runtime = join(directory, RUNTIME_CGROUP);
  try {
    mkdirSync(runtime, { recursive: true });
    // More may be born while we move them.
    for (let pids = processesIn(directory); pids.length > 0; pids = processesIn(directory))
      for (const pid of pids) moveTo(runtime, pid);
  } catch (error) {
    throw new UnsupportedError(`--cgroups=split: cannot split cgroup ${own}: ${messageOf(error)}`, {
      cause: error,
      hint: 'it must be yours: in a unit with Delegate=yes, or by `systemd-run --user --scope -p Delegate=yes tspod ...`',
    });
  }
}

function processesIn(directory: string): string[] {
  return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
}

function moveTo(directory: string, pid: string): void {
  try {
    writeFileSync(join(directory, 'cgroup.procs'), pid);
  } catch (error) {
    // Ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
