import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, type RawStat, type Syscalls } from '../native/syscalls.ts';
import type { RootfsPlan } from './drivers/driver.ts';
import { type RootfsIdMaps, ownersInside } from './id-owners.ts';
import { openLayerRoots, statBelow } from './lower-layers.ts';
import { joinPath, pathBytes } from './unpack/entry-path.ts';
import { isWhiteout } from './unpack/whiteouts.ts';

/** One difference between a container's file system and its image. */
export interface Change {
  kind: 'added' | 'changed' | 'deleted';
  /** Relative, latin1 text for bytes; '' is the root. */
  path: string;
  /**
   * The directory that has it at `path`; undefined when deleted. A container that runs may exchange anything beneath it at any time: it
   * is opened with openBeneath.
   */
  root: string | undefined;
  stat: RawStat | undefined;
  /** A directory that shows nothing of the one below. */
  isOpaque: boolean;
}

const OPAQUE = ['trusted.overlay.opaque', 'user.overlay.opaque', 'user.fuseoverlayfs.opaque'];

/** From the upper directory of a union mount: parents before children, names in byte order. */
export function* unionChanges(
  system: Syscalls,
  plan: Pick<RootfsPlan, 'diff' | 'base' | 'lowerDirs' | 'idMaps'>,
): Generator<Change, void> {
  const lowers = plan.lowerDirs.map((name) => join(plan.base, name));
  const roots = openLayerRoots(system, lowers);
  const visit = function* (source: Buffer, path: string): Generator<Change, void> {
    const stat = statOf(system, source, plan.idMaps);
    if (stat === undefined) return;
    if (isWhiteout(stat)) {
      yield { kind: 'deleted', path, root: undefined, stat: undefined, isOpaque: false };
      return;
    }
    const below = statBelow(system, roots, path);
    const kind = below === undefined || isWhiteout(below) ? 'added' : 'changed';
    const fd = isDirectory(stat) ? openDirectory(source) : undefined;
    try {
      const isOpaque = fd !== undefined && OPAQUE.some((name) => isMarked(system, fd, name));
      yield { kind, path, root: plan.diff, stat, isOpaque: isOpaque && kind === 'changed' };
      if (fd !== undefined)
        for (const [child, name] of children(fd)) yield* visit(child, joinPath(path, name));
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  };
  try {
    yield* visit(Buffer.from(plan.diff), '');
  } finally {
    for (const fd of roots) closeSync(fd);
  }
}

function isMarked(system: Syscalls, directory: number, name: string): boolean {
  return system.lgetxattr(`/proc/self/fd/${directory}/.`, name)?.toString() === 'y';
}

/** With owners as the container has them. */
function statOf(system: Syscalls, source: Buffer, idMaps: RootfsIdMaps | undefined): RawStat | undefined {
  const stat = system.lstatat(AT_FDCWD, source);
  if (stat === undefined || idMaps === undefined || isWhiteout(stat)) return stat;
  return { ...stat, ...ownersInside(idMaps)(stat.uid, stat.gid) };
}

/**
 * From a full copy, by comparing it with its original. A directory is told of when itself or something in it differs, so that all
 * has been looked at before the first is known: other work of this process goes on meanwhile.
 */
export async function copyChanges(
  system: Syscalls,
  {
    copy,
    original,
    idMaps,
  }: { copy: string; original: string | undefined; idMaps: RootfsIdMaps | undefined },
): Promise<Change[]> {
  const found: Change[] = [];
  const turn = turns();
  const compare = async (source: Buffer, below: Buffer | undefined, path: string): Promise<void> => {
    await turn();
    const stat = statOf(system, source, idMaps);
    if (stat === undefined) return;
    const old = below && system.lstatat(AT_FDCWD, below);
    const isSame =
      old !== undefined && below !== undefined && isAlike({ stat, source }, { stat: old, source: below });
    const kind = old === undefined ? ('added' as const) : ('changed' as const);
    const own: Change = { kind, path, root: copy, stat, isOpaque: false };
    const place = found.length;
    if (!isSame) found.push(own);
    if (!isDirectory(stat)) return;
    const both = old !== undefined && isDirectory(old) ? below : undefined;
    await compareChildren(source, both, path);
    if (isSame && found.length > place) found.splice(place, 0, own);
  };
  const compareChildren = async (source: Buffer, below: Buffer | undefined, path: string): Promise<void> => {
    const fd = openDirectory(source);
    const other = below && openDirectory(below);
    try {
      const now = new Map(childrenOf(fd).map(([child, name]) => [name, child]));
      const before = new Map(childrenOf(other).map(([child, name]) => [name, child]));
      for (const name of [...new Set([...now.keys(), ...before.keys()])].sort()) {
        const child = now.get(name);
        const inside = joinPath(path, name);
        if (child !== undefined) await compare(child, before.get(name), inside);
        else found.push({ kind: 'deleted', path: inside, root: undefined, stat: undefined, isOpaque: false });
      }
    } finally {
      for (const each of [fd, other]) if (each !== undefined) closeSync(each);
    }
  };
  await compare(Buffer.from(copy), original === undefined ? undefined : Buffer.from(original), '');
  return found;
}

function isAlike(one: { stat: RawStat; source: Buffer }, two: { stat: RawStat; source: Buffer }): boolean {
  const [a, b] = [one.stat, two.stat];
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  // Anything done inside changes it; that is told by what was done.
  if (isDirectory(a)) return true;
  if (a.size !== b.size || a.mtimeSec !== b.mtimeSec || a.mtimeNsec !== b.mtimeNsec) return false;
  if (a.rdevMajor !== b.rdevMajor || a.rdevMinor !== b.rdevMinor) return false;
  if ((a.mode & constants.S_IFMT) !== constants.S_IFLNK) return true;
  return readlinkSync(one.source, 'latin1') === readlinkSync(two.source, 'latin1');
}

/** Undefined when it is none any more: the container may be running. No link is followed in the last place. */
function openDirectory(path: Buffer): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function childrenOf(directory: number | undefined): [path: Buffer, name: string][] {
  return directory === undefined ? [] : children(directory);
}

/** Named by the descriptor of their directory, and good as long as that is open: no link on the way is followed. */
function children(directory: number): [path: Buffer, name: string][] {
  const place = Buffer.from(`/proc/self/fd/${directory}/`);
  return readdirSync(place, { encoding: 'buffer' })
    .map((name) => name.toString('latin1'))
    .sort()
    .map((name) => [Buffer.concat([place, Buffer.from(pathBytes(name))]), name]);
}

function isDirectory(stat: RawStat): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
}
