import { closeSync, constants, fchmodSync, fchownSync, fstatSync, ftruncateSync } from 'node:fs';
import { errnoOf, IntegrityError, InvalidSpecError } from '../../base/errors.ts';
import { turns } from '../../base/turns.ts';
import {
  AT_SYMLINK_NOFOLLOW,
  type RawStat,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  O_PATH,
} from '../../native/syscalls.ts';
import type { TarEntry, TarReader } from '../tar/tar-reader.ts';
import {
  baseOf,
  cleanEntryPath,
  joinPath,
  parentOf,
  pathBytes,
  printablePath,
} from '../unpack/entry-path.ts';
import { setEntryXattrs } from '../unpack/entry-xattrs.ts';
import type { Owner } from './archive-tree.ts';
import { writeAroundHoles } from '../write-around-holes.ts';
import { type FileTree, isDirectory } from './file-tree.ts';

export interface ExtractOptions {
  /** Who owns what is made; without it nobody changes anything. */
  owner: ((entry: Owner) => Owner) | undefined;
  /** Devices are made; otherwise they are left out. */
  devices: boolean;
  /** A directory may take the place of a file, and a file that of a directory. */
  overwrite: boolean;
  /** Files lose their set-user-id and set-group-id bits, and capabilities: these were not meant for who owns and runs them now. */
  withoutSetId?: boolean;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const SET_ID = 0o6000;
const CHUNK_BYTES = 1 << 20;

interface Place {
  parent: { fd: number; path: string };
  base: string;
}

/** Writes one entry after the other into a directory of the tree; `finish` comes after the last one, `close` always. */
export class TreeWriter {
  readonly #tree: FileTree;
  readonly #directory: string;
  readonly #options: ExtractOptions;
  readonly #base: number;
  /** The last directory written to: archives list what is in one together. */
  #current: { fd: number; path: string } | undefined;
  readonly #finished = new Map<string, TarEntry>();
  readonly #turn = turns();

  constructor(tree: FileTree, directory: string, options: ExtractOptions) {
    this.#tree = tree;
    this.#directory = directory;
    this.#options = options;
    const fd = tree.openDirectory(directory);
    if (fd === undefined)
      throw new InvalidSpecError(`${printablePath(`/${directory}`)} ${tree.where} is not a directory`);
    this.#base = fd;
  }

  close(): void {
    this.#leave();
    closeSync(this.#base);
  }

  async write(entry: TarEntry, reader: TarReader): Promise<void> {
    await this.#turn();
    const path = cleanEntryPath(entry.name);
    // The directory that things are copied into stays as it is.
    if (entry.kind === 'ignored' || path === '') return;
    const place = { parent: this.#enter(parentOf(path)), base: baseOf(path) };
    this.#refuseReadOnly(path);
    if (entry.kind === 'directory') this.#makeDirectory(place, entry);
    else if (entry.kind === 'file') await this.#makeFile(place, entry, reader);
    else if (entry.kind === 'hardlink') this.#makeHardLink(place, entry);
    else this.#makeOther(place, entry);
  }

  /** Modes and times of directories: what was written into them has changed these. */
  async finish(): Promise<void> {
    for (const [path, entry] of [...this.#finished].reverse()) {
      await this.#turn();
      const place = { parent: this.#enter(parentOf(path)), base: baseOf(path) };
      const found = this.#lstat(place);
      if (found === undefined || !isDirectory(found)) continue;
      this.#tree.system.fchmodat(place.parent.fd, pathBytes(place.base), entry.mode);
      this.#setTimes(place, entry);
    }
  }

  #enter(path: string): { fd: number; path: string } {
    if (path === '') return { fd: this.#base, path };
    if (this.#current?.path === path) return this.#current;
    let fd = this.#openBelow(path);
    if (fd === undefined) {
      const parent = this.#enter(parentOf(path));
      this.#makeImplied({ parent, base: baseOf(path) }, path);
      fd = this.#openBelow(path);
    }
    if (fd === undefined) throw new IntegrityError('a part of its path is a link or no directory');
    this.#leave();
    this.#current = { fd, path };
    return this.#current;
  }

  #openBelow(path: string): number | undefined {
    // A mount may begin anywhere below.
    if (this.#tree.hasMounts) return this.#tree.openDirectory(joinPath(this.#directory, path));
    try {
      const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      return this.#tree.system.openat2(this.#base, pathBytes(path), flags, 0, BENEATH);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  #makeImplied(place: Place, path: string): void {
    if (this.#lstat(place) !== undefined)
      throw new IntegrityError('a part of its path is a link or no directory');
    this.#refuseReadOnly(path);
    this.#tree.system.mkdirat(place.parent.fd, pathBytes(place.base), 0o755);
    this.#chown(place, { uid: 0, gid: 0 });
  }

  #leave(): void {
    if (this.#current !== undefined) closeSync(this.#current.fd);
    this.#current = undefined;
  }

  #makeDirectory(place: Place, entry: TarEntry): void {
    const found = this.#lstat(place);
    if (found !== undefined && !isDirectory(found)) {
      this.#refuseReplacing(place, 'cannot overwrite non-directory with directory');
      this.#tree.system.unlinkat(place.parent.fd, pathBytes(place.base), 0);
    }
    if (found === undefined || !isDirectory(found))
      this.#tree.system.mkdirat(place.parent.fd, pathBytes(place.base), 0o700);
    this.#dress(place, entry);
    this.#finished.set(joinPath(place.parent.path, place.base), entry);
  }

  async #makeFile(place: Place, entry: TarEntry, reader: TarReader): Promise<void> {
    const fd = this.#openForWriting(place);
    try {
      await this.#writeContent(fd, entry, reader);
      const made = fstatSync(fd);
      const owner = this.#options.owner?.(entry);
      if (owner !== undefined && (owner.uid !== made.uid || owner.gid !== made.gid))
        fchownSync(fd, owner.uid, owner.gid);
      fchmodSync(fd, this.#options.withoutSetId === true ? entry.mode & ~SET_ID : entry.mode);
    } finally {
      closeSync(fd);
    }
    this.#setXattrs(place, entry);
    this.#setTimes(place, entry);
  }

  #openForWriting(place: Place): number {
    const { system } = this.#tree;
    const name = pathBytes(place.base);
    const found = this.#makeRoom(place);
    if (found === 'busy') {
      const flags = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      return system.openat2(place.parent.fd, name, flags, 0, BENEATH);
    }
    return system.openat2(place.parent.fd, name, NEW_FILE, 0o600, 0);
  }

  async #writeContent(fd: number, entry: TarEntry, reader: TarReader): Promise<void> {
    const pieces = entry.sparse?.pieces ?? [0, entry.payload];
    let written = 0;
    for (let i = 0; i < pieces.length; i += 2) {
      const offset = pieces[i] ?? 0;
      const length = pieces[i + 1] ?? 0;
      for (let done = 0; done < length; ) {
        const part = reader.content(Math.min(CHUNK_BYTES, length - done));
        if (part === undefined) throw new IntegrityError('its content ends early');
        written = Math.max(written, writeAroundHoles(fd, part, offset + done));
        done += part.length;
        await this.#turn();
      }
    }
    if (written < entry.size) ftruncateSync(fd, entry.size);
  }

  #makeHardLink(place: Place, entry: TarEntry): void {
    const target = cleanEntryPath(entry.linkName);
    const directory = this.#openBelowOrBase(parentOf(target));
    if (directory === undefined)
      throw new IntegrityError(`the target of a hard link, ${printablePath(target)}, is not there`);
    try {
      this.#makeRoom(place);
      const name = pathBytes(baseOf(target));
      this.#tree.system.linkat(directory, name, place.parent.fd, pathBytes(place.base), 0);
    } finally {
      if (directory !== this.#base) closeSync(directory);
    }
  }

  #openBelowOrBase(path: string): number | undefined {
    return path === '' ? this.#base : this.#openBelow(path);
  }

  #makeOther(place: Place, entry: TarEntry): void {
    const { system } = this.#tree;
    const name = pathBytes(place.base);
    if (entry.kind === 'symlink') {
      if (entry.linkName === '' || entry.linkName.includes('\0'))
        throw new IntegrityError('a symbolic link has no valid target');
      this.#makeRoom(place);
      system.symlinkat(pathBytes(entry.linkName), place.parent.fd, name);
      this.#chown(place, entry);
    } else {
      if (entry.kind !== 'fifo' && !this.#options.devices) return;
      const format = { fifo: constants.S_IFIFO, char: constants.S_IFCHR, block: constants.S_IFBLK }[
        entry.kind === 'fifo' || entry.kind === 'char' ? entry.kind : 'block'
      ];
      this.#makeRoom(place);
      system.mknodat(place.parent.fd, name, format | 0o600, entry.major, entry.minor);
      this.#dress(place, entry);
    }
    this.#setTimes(place, entry);
  }

  /** Takes away what is there. A file that something is mounted on is kept: it can only be written into. */
  #makeRoom(place: Place): 'busy' | 'free' {
    const found = this.#lstat(place);
    if (found === undefined) return 'free';
    const name = pathBytes(place.base);
    if (isDirectory(found)) {
      this.#refuseReplacing(place, 'cannot overwrite directory with non-directory');
      this.#tree.system.removeTreeAt(place.parent.fd, name);
      return 'free';
    }
    try {
      this.#tree.system.unlinkat(place.parent.fd, name, 0);
      return 'free';
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY') throw error;
      return 'busy';
    }
  }

  #refuseReplacing({ parent, base }: Place, what: string): void {
    if (this.#options.overwrite) return;
    const path = `/${joinPath(this.#directory, joinPath(parent.path, base))}`;
    throw new InvalidSpecError(`${what}: ${printablePath(path)} ${this.#tree.where}`, {
      hint: 'the option --overwrite allows it',
    });
  }

  #refuseReadOnly(path: string): void {
    const place = joinPath(this.#directory, path);
    const text = `cannot write ${printablePath(`/${place}`)} ${this.#tree.where}`;
    const mount = this.#tree.mountAt(place);
    const stat = mount && this.#tree.lstat(place);
    if (mount !== undefined && stat !== undefined && !isDirectory(stat))
      throw new InvalidSpecError(`${text}: ${mount.source} is mounted there`, {
        hint: `start the container, or write to ${mount.source}`,
      });
    if (this.#tree.isReadOnly(place)) throw new InvalidSpecError(`${text}: it is read-only there`);
  }

  #lstat({ parent, base }: Place): RawStat | undefined {
    const mounted = this.#tree.mountAt(joinPath(this.#directory, joinPath(parent.path, base)));
    if (mounted !== undefined) return this.#tree.lstat(mounted.path);
    return this.#tree.system.lstatat(parent.fd, pathBytes(base));
  }

  #dress(place: Place, entry: TarEntry): void {
    this.#chown(place, entry);
    this.#tree.system.fchmodat(place.parent.fd, pathBytes(place.base), entry.mode);
    this.#setXattrs(place, entry);
  }

  #chown({ parent, base }: Place, entry: Owner): void {
    const owner = this.#options.owner?.(entry);
    if (owner === undefined) return;
    this.#tree.system.fchownat(parent.fd, pathBytes(base), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW);
  }

  #setXattrs({ parent, base }: Place, entry: TarEntry): void {
    if (entry.xattrs === undefined) return;
    const isKept = ([name]: readonly [string, Buffer]): boolean =>
      this.#options.withoutSetId !== true || name !== 'security.capability';
    const xattrs = new Map([...entry.xattrs].filter(isKept));
    setEntryXattrs(this.#tree.system, { parent, base }, xattrs, true);
  }

  #setTimes({ parent, base }: Place, { mtimeSec, mtimeNsec }: TarEntry): void {
    const times = { atimeSec: mtimeSec, atimeNsec: mtimeNsec, mtimeSec, mtimeNsec };
    this.#tree.system.utimensat(parent.fd, pathBytes(base), times, AT_SYMLINK_NOFOLLOW);
  }
}
