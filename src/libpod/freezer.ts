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

function isFrozenIn(line: string): boolean {
  const [, controllers = '', ...path] = line.split(':');
  const below = path.join(':');
  if (controllers === 'freezer') return /^FR/.test(read(join(ROOT, 'freezer', below, 'freezer.state')));
  return controllers === '' && read(join(ROOT, below, 'cgroup.freeze')).startsWith('1');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
