import { closeSync, constants } from 'node:fs';
import { AT_SYMLINK_NOFOLLOW, type RawStat, type Syscalls } from '../../native/syscalls.ts';
import { openBeneath, openLayerRoots, statBelow } from '../lower-layers.ts';
import { baseOf, parentOf, pathBytes } from './entry-path.ts';

/**
 * In a union mount the topmost directory's owner, mode and time are seen. A directory that a layer's tar implies but does not
 * list ('' is its root) takes them from the first lower layer that has it. `lowerDiffs` are complete layers, topmost first.
 */
export function adoptImpliedDirectories(
  system: Syscalls,
  diff: string,
  implied: readonly string[],
  lowerDiffs: readonly string[],
): void {
  if (implied.length === 0 || lowerDiffs.length === 0) return;
  const roots = openLayerRoots(system, [diff, ...lowerDiffs]);
  try {
    const [own, ...lower] = roots;
    if (own === undefined) return;
    for (const path of implied) {
      const like = statBelow(system, lower, path);
      if (like !== undefined && isDirectory(like)) dress(system, own, path, like);
    }
  } finally {
    for (const fd of roots) closeSync(fd);
  }
}

function dress(system: Syscalls, root: number, path: string, like: RawStat): void {
  const parent = openBeneath(system, root, parentOf(path));
  if (typeof parent !== 'number') return;
  try {
    const name = path === '' ? '.' : pathBytes(baseOf(path));
    const found = system.lstatat(parent, name);
    // A later entry may have put something else there.
    if (found === undefined || !isDirectory(found)) return;
    system.fchownat(parent, name, like.uid, like.gid, AT_SYMLINK_NOFOLLOW);
    system.fchmodat(parent, name, like.mode & 0o7777);
    const { mtimeSec, mtimeNsec } = like;
    const times = { atimeSec: mtimeSec, atimeNsec: mtimeNsec, mtimeSec, mtimeNsec };
    system.utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW);
  } finally {
    closeSync(parent);
  }
}

function isDirectory(stat: RawStat): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
}
