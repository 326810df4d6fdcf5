import { closeSync, constants, readlinkSync } from 'node:fs';
import { errnoOf, IntegrityError } from '../../base/errors.ts';
import {
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Syscalls,
  O_PATH,
} from '../../native/syscalls.ts';
import { baseOf, joinPath, parentOf, pathBytes } from './entry-path.ts';

/** An open directory of the layer. */
export interface LayerDirectory {
  /** Of the kind O_PATH; belongs to the cache. */
  fd: number;
  /** The path that leads to it without a symbolic link. */
  path: string;
}

/** More would only help archives that jump about; each costs a descriptor. */
const MAX_OPEN = 256;
const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const CONFINED = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/**
 * Opens directories of one layer, always beneath its root: symbolic links on the way are resolved as if the root were `/`.
 * Keeps the last ones open.
 */
export class DirectoryCache {
  readonly root: LayerDirectory;
  readonly #system: Syscalls;
  readonly #rootPath: string;
  readonly #makeMissing: (parent: LayerDirectory, base: string) => void;
  readonly #open = new Map<string, LayerDirectory>();
  /** Not to be found any more, but still used by the entry being written. */
  #lingering: LayerDirectory | undefined;

  /** `makeMissing` must make a directory of that name or throw. */
  constructor(
    system: Syscalls,
    rootPath: string,
    makeMissing: (parent: LayerDirectory, base: string) => void,
  ) {
    this.#system = system;
    this.#makeMissing = makeMissing;
    this.root = { fd: system.openat2(-100, rootPath, DIRECTORY, 0, 0), path: '' };
    this.#rootPath = readlinkSync(`/proc/self/fd/${this.root.fd}`, 'latin1');
  }

  /** The directory at a clean path; made when it is missing. Valid for many further calls, not forever. */
  ensure(path: string): LayerDirectory {
    const found = this.find(path);
    if (found !== undefined) return found;
    const parent = this.ensure(parentOf(path));
    this.#makeMissing(parent, baseOf(path));
    const made = this.find(path);
    if (made === undefined) throw new IntegrityError('a part of its path is a link that leads nowhere');
    return made;
  }

  /** Undefined when it is not there or not a directory. Valid as with `ensure`. */
  find(path: string): LayerDirectory | undefined {
    if (path === '') return this.root;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const opened = this.#openDirectory(path);
    if (opened === undefined) return undefined;
    if (this.#open.size >= MAX_OPEN) this.#closeOldest();
    this.#open.set(path, opened);
    return opened;
  }

  /** To be called when a directory or a link may have changed its place. `inUse` stays open until the next time. */
  forget(inUse?: LayerDirectory): void {
    const lingering = this.#lingering;
    this.#lingering = undefined;
    for (const directory of [...this.#open.values(), ...(lingering === undefined ? [] : [lingering])]) {
      if (directory === inUse && directory !== this.root) this.#lingering = directory;
      else closeSync(directory.fd);
    }
    this.#open.clear();
  }

  close(): void {
    this.forget();
    closeSync(this.root.fd);
  }

  #openDirectory(path: string): LayerDirectory | undefined {
    const { fd: near, path: nearPath } = this.#open.get(parentOf(path)) ?? this.root;
    if (nearPath !== '') {
      const fd = this.#tryOpen(near, baseOf(path), RESOLVE_NO_SYMLINKS);
      if (typeof fd === 'number') return { fd, path: joinPath(nearPath, baseOf(path)) };
      if (fd !== 'link') return undefined;
    }
    const direct = this.#tryOpen(this.root.fd, path, CONFINED | RESOLVE_NO_SYMLINKS);
    if (typeof direct === 'number') return { fd: direct, path };
    if (direct !== 'link') return undefined;
    const resolved = this.#tryOpen(this.root.fd, path, CONFINED, O_PATH | constants.O_DIRECTORY);
    if (typeof resolved !== 'number') return undefined;
    return { fd: resolved, path: this.#pathOf(resolved) };
  }

  #tryOpen(dirFd: number, path: string, resolve: number, flags = DIRECTORY): number | 'link' | undefined {
    try {
      return this.#system.openat2(dirFd, pathBytes(path), flags, 0, resolve);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ELOOP') return 'link';
      // With O_NOFOLLOW, a link in the last place is "not a directory".
      if (code === 'ENOTDIR') return (flags & constants.O_NOFOLLOW) !== 0 ? 'link' : undefined;
      if (code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #pathOf(fd: number): string {
    return readlinkSync(`/proc/self/fd/${fd}`, 'latin1').slice(this.#rootPath.length + 1);
  }

  #closeOldest(): void {
    for (const [path, directory] of this.#open) {
      this.#open.delete(path);
      closeSync(directory.fd);
      return;
    }
  }
}
