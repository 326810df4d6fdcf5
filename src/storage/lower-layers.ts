import { closeSync, constants } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import {
  AT_FDCWD,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type RawStat,
  type Syscalls,
  O_PATH,
} from '../native/syscalls.ts';
import { baseOf, parentOf, pathBytes } from './unpack/entry-path.ts';

const STRICT = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

/** Descriptors of layer directories, to be closed by the caller. */
export function openLayerRoots(system: Syscalls, diffs: readonly string[]): number[] {
  const roots: number[] = [];
  try {
    for (const diff of diffs)
      roots.push(system.openat2(AT_FDCWD, diff, O_PATH | constants.O_DIRECTORY, 0, 0));
    return roots;
  } catch (error) {
    for (const fd of roots) closeSync(fd);
    throw error;
  }
}

/** What the first of the layers (topmost first) that has something at `path` has there; a whiteout counts as something. */
export function statBelow(system: Syscalls, roots: readonly number[], path: string): RawStat | undefined {
  for (const root of roots) {
    const parent = openBeneath(system, root, parentOf(path));
    // Something that is no directory is in the way: the layers below do not show through.
    if (parent === 'blocked') return undefined;
    if (parent === undefined) continue;
    try {
      const found = system.lstatat(parent, path === '' ? '.' : pathBytes(baseOf(path)));
      if (found !== undefined) return found;
    } finally {
      closeSync(parent);
    }
  }
  return undefined;
}

/** A directory of a layer, no link followed; the caller closes it. */
export function openBeneath(system: Syscalls, root: number, path: string): number | 'blocked' | undefined {
  try {
    return system.openat2(
      root,
      path === '' ? '.' : pathBytes(path),
      O_PATH | constants.O_DIRECTORY,
      0,
      STRICT,
    );
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR' || code === 'ELOOP') return 'blocked';
    throw error;
  }
}
