import { closeSync, constants } from 'node:fs';
import { errnoOf, StorageError } from '../../base/errors.ts';
import {
  AT_FDCWD,
  type RawStat,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Syscalls,
  O_PATH,
} from '../../native/syscalls.ts';
import { baseOf, joinPath, parentOf, pathBytes, printablePath } from '../unpack/entry-path.ts';

/** Something that would be mounted over a path if the container ran. */
export interface TreeMount {
  /** Relative to the root, without links. */
  path: string;
  /** Absolute, on the host; for messages. */
  source: string;
  /** Of the source, of the kind O_PATH: whoever may change the way to it leads nowhere else. Belongs to the tree from now on. */
  fd: number;
  readOnly: boolean;
}

export interface FileTreeOptions {
  system: Syscalls;
  /** Belongs to the tree from now on. */
  rootFd: number;
  mounts: readonly TreeMount[];
  readOnly: boolean;
  /** For messages: `on container web`, `on the host`. */
  where: string;
}

/** What a path leads to. Paths are relative to the root, without links, latin1 text for bytes; '' is the root. */
export interface FoundFile {
  path: string;
  /** Undefined: its directory is there, itself is not. */
  stat: RawStat | undefined;
  /** The text ended with a slash or `/.`: only a directory will do. */
  mustBeDirectory: boolean;
}

const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const EXACT = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const MAX_LINKS = 40;
const PRIVATE_XATTR = /^(?:(?:trusted|user)\.overlay\.|user\.fuseoverlayfs\.|security\.selinux$)/;

/**
 * Files beneath a root that may be hostile and may change meanwhile. Links are read as text and followed within the root; every
 * descriptor is opened without following any, so that nothing outside is ever reached.
 */
export class FileTree {
  readonly system: Syscalls;
  readonly where: string;
  readonly #rootFd: number;
  readonly #readOnly: boolean;
  /** The longest first: a mount may lie in another. */
  readonly #mounts: readonly TreeMount[];

  constructor({ system, rootFd, mounts, readOnly, where }: FileTreeOptions) {
    this.system = system;
    this.where = where;
    this.#rootFd = rootFd;
    this.#readOnly = readOnly;
    this.#mounts = [...mounts].sort((left, right) => right.path.length - left.path.length);
  }

  close(): void {
    for (const { fd } of this.#mounts) closeSync(fd);
    closeSync(this.#rootFd);
  }

  /** Undefined when a directory on the way is missing or is none. `follow` says whether a link at the end is followed. */
  find(text: string, follow: boolean): FoundFile | undefined {
    const mustBeDirectory = /(?:^|\/)\.{0,2}$/.test(text);
    let rest = partsOf(text);
    let path = '';
    let links = 0;
    let stat = this.lstat('');
    for (;;) {
      const part = rest.shift();
      if (part === undefined) return { path, stat, mustBeDirectory };
      if (stat === undefined || !isDirectory(stat)) return undefined;
      if (part === '..') {
        path = parentOf(path);
        stat = this.lstat(path);
        continue;
      }
      const child = joinPath(path, part);
      const found = this.lstat(child);
      if (found === undefined || !isLink(found) || (rest.length === 0 && !follow && !mustBeDirectory)) {
        path = child;
        stat = found;
        continue;
      }
      if (++links > MAX_LINKS)
        throw new StorageError(`${printablePath(text)} ${this.where}: too many levels of symbolic links`);
      const target = this.readLink(child);
      if (target.startsWith('/')) path = '';
      rest = [...partsOf(target), ...rest];
      stat = this.lstat(path);
    }
  }

  /** Of the path itself, mounts included; undefined when it is not there. */
  lstat(path: string): RawStat | undefined {
    const mount = this.mountAt(path);
    if (mount !== undefined) return this.system.lstatat(mount.fd, '');
    if (path === '') return this.system.lstatat(this.#rootFd, '.');
    const parent = this.openDirectory(parentOf(path));
    if (parent === undefined) return undefined;
    try {
      return this.system.lstatat(parent, pathBytes(baseOf(path)));
    } finally {
      closeSync(parent);
    }
  }

  /** A descriptor of the kind O_PATH, which the caller closes; undefined when there is no such directory. */
  openDirectory(path: string): number | undefined {
    return this.#open(path, DIRECTORY);
  }

  /** A regular file for reading; undefined when it has gone. Never waits, whatever it is by now. */
  openFile(path: string): number | undefined {
    return this.#open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  }

  readLink(path: string): string {
    const parent = this.openDirectory(parentOf(path));
    if (parent === undefined) throw new StorageError(`${printablePath(path)} ${this.where} has vanished`);
    try {
      return this.system.readlinkat(parent, pathBytes(baseOf(path))).toString('latin1');
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOENT') throw error;
      throw new StorageError(`${printablePath(path)} ${this.where} was exchanged while it was read`, {
        cause: error,
      });
    } finally {
      closeSync(parent);
    }
  }

  /** Of the root; stays the tree's. */
  get rootFd(): number {
    return this.#rootFd;
  }

  /** A way to the root for what wants a path; links in it are not followed safely. */
  get rootPath(): string {
    return `/proc/self/fd/${this.#rootFd}/.`;
  }

  /** Makes the directories that lead to a path, as a runtime does for a mount point. Returns the path without links. */
  makeDirectories(text: string): string {
    const parts = partsOf(text);
    const last = parts.pop() ?? '';
    let path = '';
    for (const part of parts) {
      const found = this.find(joinPath(path, part), true);
      if (found === undefined) throw new StorageError(`${printablePath(text)} ${this.where}: no directory`);
      path = found.path;
      if (found.stat !== undefined) continue;
      const parent = this.openDirectory(parentOf(path));
      if (parent === undefined) continue;
      try {
        this.system.mkdirat(parent, pathBytes(baseOf(path)), 0o755);
      } finally {
        closeSync(parent);
      }
    }
    return this.find(joinPath(path, last), true)?.path ?? joinPath(path, last);
  }

  /** Without those of union mounts and of this machine's labels. A link at the end is not followed. */
  xattrs(path: string): [string, Buffer][] {
    const parent = path === '' ? this.#rootFd : this.openDirectory(parentOf(path));
    if (parent === undefined) return [];
    const name = path === '' ? '.' : baseOf(path);
    const mount = this.mountAt(path);
    const place =
      mount === undefined ? pathBytes(`/proc/self/fd/${parent}/${name}`) : placeOf(mount, this.lstat(path));
    try {
      return this.system
        .llistxattr(place)
        .filter((key) => !PRIVATE_XATTR.test(key))
        .sort()
        .flatMap((key) => {
          const value = this.system.lgetxattr(place, key);
          return value === undefined ? [] : [[key, value] as [string, Buffer]];
        });
    } finally {
      if (path !== '') closeSync(parent);
    }
  }

  /** What covers exactly this path. */
  mountAt(path: string): TreeMount | undefined {
    return this.#mounts.find((mount) => mount.path === path);
  }

  get hasMounts(): boolean {
    return this.#mounts.length > 0;
  }

  /** Names of mounts directly in this directory: the directory below may lack them. */
  mountsIn(path: string): string[] {
    return this.#mounts
      .filter((mount) => mount.path !== '' && parentOf(mount.path) === path)
      .map((mount) => baseOf(mount.path));
  }

  isReadOnly(path: string): boolean {
    return this.#mountAbove(path)?.readOnly ?? this.#readOnly;
  }

  #open(path: string, flags: number): number | undefined {
    const mount = this.#mountAbove(path);
    try {
      if (mount === undefined)
        return this.system.openat2(this.#rootFd, path === '' ? '.' : pathBytes(path), flags, 0, EXACT);
      if (path === mount.path)
        return this.system.openat2(
          AT_FDCWD,
          `/proc/self/fd/${mount.fd}`,
          flags & ~constants.O_NOFOLLOW,
          0,
          0,
        );
      const below = path.slice(mount.path === '' ? 0 : mount.path.length + 1);
      return this.system.openat2(mount.fd, pathBytes(below), flags, 0, EXACT);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  #mountAbove(path: string): TreeMount | undefined {
    return this.#mounts.find(
      (mount) => mount.path === '' || path === mount.path || path.startsWith(`${mount.path}/`),
    );
  }
}

/** For attributes, which have no call that takes a descriptor of a file that is not open. */
function placeOf({ fd, source }: TreeMount, stat: RawStat | undefined): string {
  return stat !== undefined && isDirectory(stat) ? `/proc/self/fd/${fd}/.` : source;
}

export function isDirectory(stat: RawStat): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
}

export function isLink(stat: RawStat): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFLNK;
}

function partsOf(text: string): string[] {
  return text.split('/').filter((part) => part !== '' && part !== '.');
}
