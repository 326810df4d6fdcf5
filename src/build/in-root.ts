import { closeSync, constants } from 'node:fs';
import { errnoOf, InvalidSpecError } from '../base/errors.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Syscalls,
  O_PATH,
} from '../native/syscalls.ts';
import { joinPath, pathBytes, printablePath } from '../storage/unpack/entry-path.ts';

/** Paths inside a root file system or a context: relative latin1 text (a character per byte), '' is the root. */
export interface ResolvedPath {
  /** Without links; what is there, or the last directory on the way that is there. */
  path: string;
  /** What of the way is not there. */
  missing: readonly string[];
}

const MAX_LINKS = 40;
const STRICT = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

/** The text of an instruction as bytes of names. */
export function nameBytes(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The other way round, for patterns and messages. */
export function nameText(path: string): string {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

const ASCII = /^[\x00-\x7f]*$/;

/** A descriptor of the directory, for the functions below; the caller closes it. */
export function openRoot(system: Syscalls, directory: string): number {
  return system.openat2(AT_FDCWD, directory, O_PATH | constants.O_DIRECTORY, 0, 0);
}

/**
 * Follows links as who lives in that root would: absolute ones begin at it, and `..` ends there. Nothing may change meanwhile;
 * whoever opens the result does so strictly.
 */
export function resolveInRoot(system: Syscalls, root: number, path: string): ResolvedPath {
  const done: string[] = [];
  const ahead = path.split('/').reverse();
  let links = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const at = [...done, part].join('/');
    const stat = statStrict(system, root, at);
    if (stat === undefined) return { path: done.join('/'), missing: clean([part, ...ahead.reverse()]) };
    const format = stat.mode & constants.S_IFMT;
    if (format === constants.S_IFLNK) {
      links += 1;
      if (links > MAX_LINKS) throw new InvalidSpecError(`too many symbolic links in ${printablePath(path)}`);
      const target = system.readlinkat(root, pathBytes(at)).toString('latin1');
      if (target.startsWith('/')) done.length = 0;
      ahead.push(...target.split('/').reverse());
      continue;
    }
    if (format !== constants.S_IFDIR && ahead.some((rest) => rest !== '' && rest !== '.'))
      throw new InvalidSpecError(`${printablePath(at)} is not a directory`);
    done.push(part);
  }
  return { path: done.join('/'), missing: [] };
}

function clean(parts: readonly string[]): string[] {
  const result: string[] = [];
  for (const part of parts) {
    if (part === '..') result.pop();
    else if (part !== '' && part !== '.') result.push(part);
  }
  return result;
}

function statStrict(system: Syscalls, root: number, path: string) {
  try {
    return system.lstatat(root, path === '' ? '.' : pathBytes(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Opens what `resolveInRoot` has found (or a name below it): no link is followed, nothing outside is reached. */
export function openStrict(system: Syscalls, root: number, path: string, flags: number): number {
  return system.openat2(root, path === '' ? '.' : pathBytes(path), flags, 0, STRICT);
}

export interface NewDirectory {
  mode: number;
  uid: number;
  gid: number;
}

/** Makes the directories of the way that are missing; returns the path without links and whether the last one is new. */
export function makeDirectories(
  system: Syscalls,
  root: number,
  path: string,
  attributes: NewDirectory,
): { path: string; made: boolean } {
  const resolved = resolveInRoot(system, root, path);
  let at = resolved.path;
  for (const part of resolved.missing) {
    const parent = openStrict(system, root, at, O_PATH | constants.O_DIRECTORY);
    try {
      const name = pathBytes(part);
      system.mkdirat(parent, name, 0o700);
      system.fchownat(parent, name, attributes.uid, attributes.gid, AT_SYMLINK_NOFOLLOW);
      system.fchmodat(parent, name, attributes.mode);
    } finally {
      closeSync(parent);
    }
    at = joinPath(at, part);
  }
  if (resolved.missing.length === 0) {
    const stat = statStrict(system, root, at);
    if (stat !== undefined && (stat.mode & constants.S_IFMT) !== constants.S_IFDIR)
      throw new InvalidSpecError(`cannot use ${printablePath(`/${at}`)} as a directory: it is none`);
  }
  return { path: at, made: resolved.missing.length > 0 };
}
