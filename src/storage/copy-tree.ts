import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  type BigIntStats,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { errnoOf, StorageError } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type Syscalls } from '../native/syscalls.ts';
import { writeAroundHoles } from './write-around-holes.ts';

export interface CopyOptions {
  /** Files share their content (and all attributes) with the original instead of being copied. */
  hardLinks: boolean;
  /** Other owners for the copies; without it they keep those of the originals. */
  owner?: (uid: number, gid: number) => { uid: number; gid: number };
}

interface Copy {
  system: Syscalls;
  options: CopyOptions;
  /** Copies of files that have several names, by inode. */
  linked: Map<bigint, Buffer>;
  turn: ReturnType<typeof turns>;
}

/**
 * Copies what is in `from` into the existing directory `to`, with owners, modes, times, attributes, hard links and devices; and the
 * attributes of the directory itself. Both on one file system; copies share blocks where it can. Who changes `from` meanwhile may get
 * the copy to fail, but nothing into it that is not beneath `from`; nobody may change `to`.
 */
export async function copyTree(
  system: Syscalls,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  const copy: Copy = { system, options, linked: new Map(), turn: turns() };
  await copyInside(copy, openSync(from, DIRECTORY), Buffer.from(to));
  dress(copy, Buffer.from(from), Buffer.from(to), lstatSync(from, { bigint: true }));
}

/** Closes the descriptor of the directory: everything in it is named by it, so that no link on the way is ever followed. */
async function copyInside(copy: Copy, from: number, to: Buffer): Promise<void> {
  const place = Buffer.from(`/proc/self/fd/${from}/`);
  try {
    for (const name of readdirSync(place, { encoding: 'buffer' })) {
      await copy.turn();
      await copyEntry(copy, Buffer.concat([place, name]), Buffer.concat([to, SLASH, name]));
    }
  } finally {
    closeSync(from);
  }
}

async function copyEntry(copy: Copy, source: Buffer, target: Buffer): Promise<void> {
  const stat = lstatSync(source, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return;
  try {
    if (stat.isDirectory()) {
      mkdirSync(target, { mode: 0o700 });
      await copyInside(copy, openSync(source, DIRECTORY | constants.O_NOFOLLOW), target);
    } else if (copyByLink(copy, source, target, stat)) {
      return;
    } else if (stat.isFile()) {
      await copyContent(source, target);
    } else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target);
    } else {
      const { major, minor } = deviceNumbers(stat.rdev);
      copy.system.mknodat(AT_FDCWD, target, Number(stat.mode), major, minor);
    }
    dress(copy, source, target, stat);
  } catch (error) {
    if (!CHANGED.has(errnoOf(error) ?? '')) throw error;
    const name = JSON.stringify(target.subarray(target.lastIndexOf('/') + 1).toString());
    throw new StorageError(`${name} was exchanged while it was copied`, { cause: error });
  }
}

async function copyContent(source: Buffer, target: Buffer): Promise<void> {
  const fd = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new StorageError('a file was exchanged for something else while it was copied');
    const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    if (stat.size - stat.blocks * 512 > MOST_EXPANDED) await copySparse(fd, stat, target);
    else if (stat.size > LARGE_FILE) await copyFile(`/proc/self/fd/${fd}`, target, flags);
    else copyFileSync(`/proc/self/fd/${fd}`, target, flags);
  } finally {
    closeSync(fd);
  }
}

/** The kernel copies holes as zeros, where it does not share blocks. */
async function copySparse(
  fd: number,
  { size, mode }: { size: number; mode: number },
  target: Buffer,
): Promise<void> {
  try {
    copyFileSync(`/proc/self/fd/${fd}`, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw error;
  }
  rmSync(target, { force: true });
  const copy = openSync(target, NEW_FILE, mode);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0; at < size; ) {
      const got = readSync(fd, buffer, 0, buffer.length, at);
      if (got === 0) break;
      writeAroundHoles(copy, buffer.subarray(0, got), at);
      at += got;
      if (at % TURN_BYTES === 0) await setImmediate();
    }
    ftruncateSync(copy, size);
  } finally {
    closeSync(copy);
  }
}

/** True when the target is there now and shares everything with its original. */
function copyByLink(copy: Copy, source: Buffer, target: Buffer, stat: BigIntStats): boolean {
  const original = copy.options.hardLinks ? source : copy.linked.get(stat.ino);
  if (original !== undefined) {
    try {
      linkSync(original, target);
      return true;
    } catch (error) {
      // Too many links to one file: copy it.
      if (errnoOf(error) !== 'EMLINK') throw error;
    }
  }
  if (stat.nlink > 1n) copy.linked.set(stat.ino, target);
  return false;
}

function dress(copy: Copy, source: Buffer, target: Buffer, stat: BigIntStats): void {
  const { system, options } = copy;
  const own = { uid: Number(stat.uid), gid: Number(stat.gid) };
  // A whiteout is a mark of the union mount, and nobody's file.
  const { uid, gid } = isWhiteout(stat) ? own : (options.owner?.(own.uid, own.gid) ?? own);
  system.fchownat(AT_FDCWD, target, uid, gid, AT_SYMLINK_NOFOLLOW);
  if (!stat.isSymbolicLink()) system.fchmodat(AT_FDCWD, target, Number(stat.mode & 0o7777n));
  for (const name of system.llistxattr(source)) {
    const value = system.lgetxattr(source, name);
    if (value === undefined || name === 'security.selinux') continue;
    try {
      system.lsetxattr(target, name, value);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOTSUP' && code !== 'EPERM') throw error;
    }
  }
  const [atimeSec, atimeNsec] = secondsOf(stat.atimeNs);
  const [mtimeSec, mtimeNsec] = secondsOf(stat.mtimeNs);
  const times = { atimeSec, atimeNsec, mtimeSec, mtimeNsec };
  system.utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW);
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

/** Rounds down, so that the nanoseconds of times before 1970 are positive too. */
function secondsOf(ns: bigint): [sec: number, nsec: number] {
  const rest = ((ns % BILLION) + BILLION) % BILLION;
  return [Number((ns - rest) / BILLION), Number(rest)];
}

function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

/** What takes longer to copy than to hand over to another thread. */
const CHUNK_BYTES = 1 << 20;
const TURN_BYTES = 16 << 20;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Holes that are not worth the trouble. */
const MOST_EXPANDED = 64 << 10;
const LARGE_FILE = 1 << 20;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
/** What the kernel says when a name has become another thing than it was a moment ago. */
const CHANGED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO']);
const SLASH = Buffer.from('/');
const BILLION = 1_000_000_000n;
