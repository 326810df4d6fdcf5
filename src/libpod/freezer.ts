import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

const ROOT = '/sys/fs/cgroup';

/** Whether a freezer holds the process, or is about to. False where there is none. */
export function isFrozen(pid: number): boolean {
  return read(`/proc/${pid}/cgroup`).split('\n').some(isFrozenIn);
}

/** Health checks rest meanwhile: the monitor looks for this file. */
export function markFrozen({ paths }: Pick<Libpod, 'paths'>, id: string, frozen: boolean): void {
  const mark = join(containerPaths(paths, id).bundle.bundle, 'paused');
  if (!frozen) rmSync(mark, { force: true });
  // A monitor that has lost the directory has lost its checks with it.
  else if (existsSync(dirname(mark))) writeFileSync(mark, '');
}

/**
 * For a container that its runtime knows nothing of any more: its run root was emptied while it was frozen. Does nothing where the process is
 * not frozen, or the freezer not ours.
 */
export function thaw(pid: number): void {
  for (const line of read(`/proc/${pid}/cgroup`).split('\n').filter(isFrozenIn)) {
    try {
      writeFileSync(switchOf(line).path, switchOf(line).off);
    } catch {
      // Then nothing ends it; whoever waits for that tells.
    }
  }
}

function isFrozenIn(line: string): boolean {
  const { path, on } = switchOf(line);
  return path !== '' && on.test(read(path));
}

/** The file that freezes the cgroup of a line of /proc/PID/cgroup, what it then holds, and what ends it; no path where the line has no freezer. */
function switchOf(line: string): { path: string; on: RegExp; off: string } {
  const [, controllers, ...rest] = line.split(':');
  const below = rest.join(':');
  if (controllers === 'freezer')
    return { path: join(ROOT, 'freezer', below, 'freezer.state'), on: /^FR/, off: 'THAWED' };
  return { path: controllers === '' ? join(ROOT, below, 'cgroup.freeze') : '', on: /^1/, off: '0' };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
