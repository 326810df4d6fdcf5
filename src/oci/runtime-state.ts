import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import type { RuntimeRef } from './runtime-client.ts';

const CGROUP1_MAGIC = 0x27e0eb;
const CGROUP2_MAGIC = 0x63677270;
const CGROUP_ROOT = '/sys/fs/cgroup';

/**
 * Does what `delete` of crun and runc does for a container whose processes are all gone (removes the cgroup and the state directory)
 * without starting the runtime, which saves its start-up time. False: the runtime has to do it, because it is another one, a
 * process is left, or the cgroup belongs to systemd and is still there.
 */
export function removeRuntimeState(runtime: RuntimeRef, id: string, cgroupPath: string | undefined): boolean {
  if (!/^(crun|runc)$/.test(runtime.name) || runtime.systemdCgroup) return false;
  if (cgroupPath !== undefined && !cgroupPath.startsWith('/')) return false;
  const directory = join(runtime.stateRoot, id);
  // Without its state the runtime would not know of the cgroup any more; without a state and a path, neither do we.
  if (cgroupPath === undefined && !existsSync(directory)) return false;
  // Without a path in config.json the runtime names the cgroup after the container.
  if (!removeCgroups(cgroupPath ?? `/${id}`)) return false;
  rmSync(directory, { recursive: true, force: true });
  return true;
}

/** In all hierarchies. False when one of them is still in use. */
export function removeCgroups(path: string): boolean {
  return hierarchies().every((root) => removeCgroup(join(root, path)) || removeImitation(root, path));
}

/** SIGKILL to all processes in it, of all hierarchies, but not in those below. */
export function killInCgroups(path: string): void {
  for (const root of hierarchies())
    for (const pid of processesIn(join(root, path)))
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone since.
      }
}

function processesIn(directory: string): number[] {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** crun makes plain files where a hierarchy is not mounted any more; those are no cgroup. */
function removeImitation(root: string, path: string): boolean {
  const type = Number(statfsSync(root).type);
  if (type === CGROUP1_MAGIC || type === CGROUP2_MAGIC) return false;
  rmSync(join(root, path), { recursive: true, force: true });
  return true;
}

function hierarchies(): string[] {
  if (Number(statfsSync(CGROUP_ROOT).type) === CGROUP2_MAGIC) return [CGROUP_ROOT];
  return readdirSync(CGROUP_ROOT).map((name) => join(CGROUP_ROOT, name));
}

/** Children first: a container with a cgroup namespace may have made some of its own. */
function removeCgroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return true;
    if (errno !== 'EBUSY' && errno !== 'ENOTEMPTY' && errno !== 'EPERM') return false;
  }
  try {
    if (readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '') return false;
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory() && !removeCgroup(join(path, entry.name))) return false;
    rmdirSync(path);
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}
