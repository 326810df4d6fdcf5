import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  type BigIntStats,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type Syscalls } from '../native/syscalls.ts';

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
 * attributes of the directory itself. Both on one file system; copies share blocks where it can. Nobody may change `from` meanwhile.
 */
export async function copyTree(
  system: Syscalls,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  const copy: Copy = { system, options, linked: new Map(), turn: turns() };
  await copyInside(copy, Buffer.from(from), Buffer.from(to));
  dress(copy, Buffer.from(from), Buffer.from(to), lstatSync(from, { bigint: true }));
}

async function copyInside(copy: Copy, from: Buffer, to: Buffer): Promise<void> {
  for (const name of readdirSync(from, { encoding: 'buffer' })) {
    const source = Buffer.concat([from, SLASH, name]);
    const target = Buffer.concat([to, SLASH, name]);
    const stat = lstatSync(source, { bigint: true });
    await copy.turn();
    if (stat.isDirectory()) {
      mkdirSync(target, { mode: 0o700 });
      await copyInside(copy, source, target);
    } else if (copyByLink(copy, source, target, stat)) {
      continue;
    } else if (stat.isFile()) {
      const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
      if (stat.size > LARGE_FILE) await copyFile(source, target, flags);
      else copyFileSync(source, target, flags);
    } else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target);
    } else {
      const { major, minor } = deviceNumbers(stat.rdev);
      copy.system.mknodat(AT_FDCWD, target, Number(stat.mode), major, minor);
    }
    dress(copy, source, target, stat);
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
const LARGE_FILE = 1n << 20n;
const SLASH = Buffer.from('/');
const BILLION = 1_000_000_000n;
