import { closeSync, constants, ftruncateSync, readSync, writeSync } from 'node:fs';
import { errnoOf, InvalidSpecError } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { AT_SYMLINK_NOFOLLOW, type Syscalls, O_PATH } from '../native/syscalls.ts';
import { baseOf, joinPath, parentOf, pathBytes, printablePath } from '../storage/unpack/entry-path.ts';
import { makeDirectories, openStrict, resolveInRoot } from './in-root.ts';
import { xattrsOf } from './source-digest.ts';
import {
  isDirectory,
  openSource,
  type SourceItem,
  type SourceListing,
  type SourceTree,
} from './source-tree.ts';
import { trimEndOf } from '../base/trim-end.ts';

export interface CopyWish {
  tree: SourceTree;
  listing: SourceListing;
  /** Absolute in the root file system; a slash at the end says that it is a directory. */
  destination: string;
  /** Whom the copies belong to; undefined: whom the originals belong to. */
  owner: { uid: number; gid: number } | undefined;
  mode: ((mode: number, isDirectory: boolean) => number) | undefined;
}

interface Copy extends CopyWish {
  system: Syscalls;
  root: number;
  /** First copies of files with several names, by inode. */
  links: Map<string, string>;
  /** Times to set when all is done, deepest last. */
  times: { path: string; sec: number; nsec: number }[];
  turn: ReturnType<typeof turns>;
}

const CHUNK_BYTES = 1 << 20;
const HOLE_BYTES = 1 << 16;
const ZEROS = Buffer.alloc(HOLE_BYTES);
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Copies what is listed into the root file system whose directory is `root`. Nobody else uses it meanwhile. Nothing outside of it is
 * touched, wherever links in it lead.
 */
export async function copyInto(system: Syscalls, root: number, wish: CopyWish): Promise<void> {
  const copy: Copy = { ...wish, system, root, links: new Map(), times: [], turn: turns() };
  const { items, roots } = wish.listing;
  const base = destinationOf(copy);
  if (base.isFile && roots > 1)
    throw new InvalidSpecError(
      `cannot copy several sources to ${JSON.stringify(wish.destination)}: it is not a directory`,
      { hint: 'end the destination with a slash' },
    );
  for (const item of items)
    await copyItem(copy, item, base.isFile ? base.path : joinPath(base.path, item.target), base.made);
  for (const { path, sec, nsec } of copy.times.reverse()) {
    await copy.turn();
    setTimes(copy, path, sec, nsec);
  }
}

/** The directory (made when missing) or the file that the destination is. */
function destinationOf(copy: Copy): { path: string; isFile: boolean; made: boolean } {
  const { destination, listing } = copy;
  const attributes = { mode: 0o755, uid: copy.owner?.uid ?? 0, gid: copy.owner?.gid ?? 0 };
  const saysDirectory = /(?:^|\/)\.{0,2}$/.test(destination);
  const wantsFile = listing.isSingleFile && !saysDirectory && listing.items[0]?.target.includes('/') !== true;
  if (wantsFile) {
    const resolved = resolveInRoot(copy.system, copy.root, destination);
    const stat =
      resolved.missing.length > 0
        ? undefined
        : copy.system.lstatat(copy.root, resolved.path === '' ? '.' : pathBytes(resolved.path));
    if (stat === undefined || !isDirectory(stat)) {
      const clean = trimEndOf(destination, '/');
      const parent = makeDirectories(copy.system, copy.root, parentOf(clean), attributes);
      return { path: joinPath(parent.path, baseOf(clean)), isFile: true, made: false };
    }
  }
  const { path, made } = makeDirectories(copy.system, copy.root, destination, attributes);
  return { path, isFile: false, made };
}

async function copyItem(copy: Copy, item: SourceItem, target: string, madeBase: boolean): Promise<void> {
  await copy.turn();
  if (isDirectory(item.stat)) {
    copyDirectory(copy, item, target, madeBase);
    return;
  }
  // Directories on the way that were not listed: --parents, or patterns.
  const parentPath = makeDirectories(copy.system, copy.root, parentOf(target), {
    mode: 0o755,
    uid: copy.owner?.uid ?? 0,
    gid: copy.owner?.gid ?? 0,
  }).path;
  const name = baseOf(target);
  const parent = openStrict(copy.system, copy.root, parentPath, O_PATH | constants.O_DIRECTORY);
  try {
    removeFile(copy, parent, name);
    if (linkToFirst(copy, item, parent, name)) return;
    await writeItem(copy, item, parent, name);
    dress(copy, item, { parent, name });
    if (item.stat.nlink > 1) copy.links.set(inodeOf(item), joinPath(parentPath, name));
  } finally {
    closeSync(parent);
  }
  copy.times.push({ path: joinPath(parentPath, name), sec: item.stat.mtimeSec, nsec: item.stat.mtimeNsec });
}

function copyDirectory(copy: Copy, item: SourceItem, target: string, madeBase: boolean): void {
  const { path, made } = makeDirectories(copy.system, copy.root, target, { mode: 0o755, uid: 0, gid: 0 });
  // The contents of a source go into an existing destination, which stays as it is.
  if (item.target === '' && !made && !madeBase) return;
  const parent = openStrict(copy.system, copy.root, parentOf(path), O_PATH | constants.O_DIRECTORY);
  try {
    dress(copy, item, { parent, name: path === '' ? '.' : baseOf(path) });
  } finally {
    closeSync(parent);
  }
  copy.times.push({ path, sec: item.stat.mtimeSec, nsec: item.stat.mtimeNsec });
}

/** A file or link that is in the way goes; a directory does not. */
function removeFile(copy: Copy, parent: number, name: string): void {
  const existing = copy.system.lstatat(parent, pathBytes(name));
  if (existing === undefined) return;
  if (isDirectory(existing))
    throw new InvalidSpecError(`cannot copy a file over the directory ${printablePath(name)}`);
  copy.system.unlinkat(parent, pathBytes(name), 0);
}

function linkToFirst(copy: Copy, item: SourceItem, parent: number, name: string): boolean {
  const first = item.stat.nlink > 1 ? copy.links.get(inodeOf(item)) : undefined;
  if (first === undefined) return false;
  copy.system.linkat(copy.root, pathBytes(first), parent, pathBytes(name), 0);
  return true;
}

function inodeOf({ stat }: SourceItem): string {
  return `${stat.dev}:${stat.ino}`;
}

async function writeItem(copy: Copy, item: SourceItem, parent: number, name: string): Promise<void> {
  const { system, tree } = copy;
  const { stat, path } = item;
  const format = stat.mode & constants.S_IFMT;
  if (format === constants.S_IFREG) await writeContent(copy, item, parent, name);
  else if (format === constants.S_IFLNK)
    system.symlinkat(system.readlinkat(tree.root, pathBytes(path)), parent, pathBytes(name));
  else
    try {
      system.mknodat(parent, pathBytes(name), format | 0o600, stat.rdevMajor, stat.rdevMinor);
    } catch (cause) {
      if (errnoOf(cause) !== 'EPERM') throw cause;
      throw new InvalidSpecError(`cannot copy the device ${printablePath(path)}: only root may make one`, {
        cause,
      });
    }
}

async function writeContent(
  { system, tree, turn }: Copy,
  { path, stat }: SourceItem,
  parent: number,
  name: string,
): Promise<void> {
  const source = openSource(system, tree, path);
  try {
    const target = system.openat2(parent, pathBytes(name), NEW_FILE, 0o600, 0);
    try {
      // Blocks that are not on disk would become so.
      const hasHoles = stat.blocks * 512 < stat.size;
      const buffer = Buffer.allocUnsafe(
        hasHoles ? HOLE_BYTES : Math.min(CHUNK_BYTES, Math.max(4096, stat.size + 1)),
      );
      let at = 0;
      for (;;) {
        const got = readSync(source, buffer, 0, buffer.length, at);
        if (got === 0) break;
        const piece = buffer.subarray(0, got);
        if (!hasHoles || !piece.equals(ZEROS.subarray(0, got)))
          for (let done = 0; done < got; ) done += writeSync(target, piece, done, got - done, at + done);
        at += got;
        await turn();
      }
      if (hasHoles) ftruncateSync(target, at);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function dress(copy: Copy, item: SourceItem, place: { parent: number; name: string }): void {
  const { system } = copy;
  const { stat } = item;
  const name = pathBytes(place.name);
  const { uid, gid } = copy.owner ?? stat;
  system.fchownat(place.parent, name, uid, gid, AT_SYMLINK_NOFOLLOW);
  if ((stat.mode & constants.S_IFMT) !== constants.S_IFLNK) {
    const mode = stat.mode & 0o7777;
    system.fchmodat(place.parent, name, copy.mode === undefined ? mode : copy.mode(mode, isDirectory(stat)));
  }
  const at = Buffer.from(`/proc/self/fd/${place.parent}/${place.name}`, 'latin1');
  for (const [key, value] of xattrsOf(system, copy.tree, item)) {
    try {
      system.lsetxattr(at, key, value);
    } catch (error) {
      // A file system without them, or a user who may not set them, loses them, as everywhere.
      const code = errnoOf(error);
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EPERM') throw error;
    }
  }
}

function setTimes(copy: Copy, path: string, sec: number, nsec: number): void {
  const times = { atimeSec: sec, atimeNsec: nsec, mtimeSec: sec, mtimeNsec: nsec };
  copy.system.utimensat(copy.root, path === '' ? '.' : pathBytes(path), times, AT_SYMLINK_NOFOLLOW);
}
