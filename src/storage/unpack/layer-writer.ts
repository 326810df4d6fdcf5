import { closeSync, constants, fchmodSync, fchownSync, fstatSync, ftruncateSync } from 'node:fs';
import { errnoOf, IntegrityError } from '../../base/errors.ts';
import { AT_SYMLINK_NOFOLLOW, type RawStat, type Syscalls } from '../../native/syscalls.ts';
import type { TarEntry, TarReader } from '../tar/tar-reader.ts';
import type { TarSplitWriter } from '../tar/tar-split.ts';
import { DirectoryCache, type LayerDirectory } from './directory-cache.ts';
import { DirectoryTimes } from './directory-times.ts';
import { baseOf, cleanEntryPath, joinPath, parentOf, pathBytes, printablePath } from './entry-path.ts';
import { writeAroundHoles } from '../write-around-holes.ts';
import { setEntryXattrs } from './entry-xattrs.ts';
import { ReplacedContent } from './replaced-content.ts';
import type { UnpackJob } from './unpack-job.ts';
import { UnmappedIdError } from './unmapped-id-error.ts';
import { isWhiteout, type Whiteouts, whiteoutsFor } from './whiteouts.ts';

const CONTENT_CHUNK = 1 << 20;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const FORMAT = constants.S_IFMT;
const WHITEOUT = '.wh.';

interface Place {
  parent: LayerDirectory;
  base: string;
}

/** Writes the entries of one tar into one layer directory. Nothing outside of it is ever touched, whatever the tar says. */
export class LayerWriter {
  readonly #system: Syscalls;
  readonly #job: UnpackJob;
  readonly #split: TarSplitWriter;
  readonly #cache: DirectoryCache;
  readonly #replaced: ReplacedContent;
  readonly #times = new DirectoryTimes();
  readonly #whiteouts: Whiteouts;
  /** Directories without an entry so far. */
  readonly #implied = new Set(['']);
  readonly #umask = process.umask();
  /** Bytes on disk as du counts them, directories and replaced content excepted until `finish`. */
  #diskSize = 0;

  constructor(system: Syscalls, job: UnpackJob, split: TarSplitWriter) {
    this.#system = system;
    this.#job = job;
    this.#split = split;
    this.#replaced = new ReplacedContent(system, job.replaced);
    this.#cache = new DirectoryCache(system, job.diff, (parent, base) => this.#makeImplied(parent, base));
    this.#whiteouts = whiteoutsFor(system, job, this.#cache);
    // The directory of the layer itself counts even if the tar does not list it.
    this.#times.touch('');
  }

  write(entry: TarEntry, reader: TarReader): void {
    if (entry.kind === 'ignored') return;
    const path = cleanEntryPath(entry.name);
    if (path === '') {
      this.#writeRoot(entry);
      return;
    }
    const place: Place = { parent: this.#cache.ensure(parentOf(path)), base: baseOf(path) };
    if (place.base.startsWith(WHITEOUT)) {
      this.#whiteouts.apply(place.parent, place.base, entry);
      return;
    }
    switch (entry.kind) {
      case 'file':
        this.#writeFile(place, entry, reader);
        break;
      case 'directory':
        this.#writeDirectory(place, entry);
        break;
      case 'symlink':
        this.#writeSymlink(place, entry);
        break;
      case 'hardlink':
        this.#writeHardLink(place, entry);
        break;
      default:
        if (!this.#writeNode(place, entry)) return;
    }
    this.#whiteouts.made(joinPath(place.parent.path, place.base));
  }

  /** What is there so far can be given back from now on. */
  settle(): void {
    this.#split.flush();
    this.#replaced.settle();
  }

  /** Restores the times of directories and sorts out replaced content. Returns the bytes on disk. */
  finish(): number {
    const kept = this.#replaced.finish();
    const directories = this.#times.restore(this.#system, this.#cache);
    return this.#diskSize + kept + directories;
  }

  /** Directories that have got no entry of their own; '' is the root. */
  implied(): string[] {
    return [...this.#implied];
  }

  close(): void {
    this.#cache.close();
    this.#replaced.close();
  }

  #writeRoot(entry: TarEntry): void {
    if (entry.kind !== 'directory') throw new IntegrityError('the root of a layer must be a directory');
    this.#dressDirectory({ parent: this.#cache.root, base: '' }, entry);
  }

  #writeFile(place: Place, entry: TarEntry, reader: TarReader): void {
    const mode = entry.mode & 0o777;
    const fd = this.#create(place, (name) =>
      this.#system.openat2(place.parent.fd, name, NEW_FILE, mode & ~this.#umask, 0),
    );
    try {
      this.#writeContent(fd, place, entry, reader);
      const made = fstatSync(fd);
      if (entry.payload > 0) this.#replaced.made(made.ino);
      if (made.uid !== entry.uid || made.gid !== entry.gid)
        this.#owned(entry, () => fchownSync(fd, entry.uid, entry.gid));
      // Changing the owner clears the set-id bits.
      if ((made.mode & 0o7777) !== entry.mode || entry.mode > 0o777) fchmodSync(fd, entry.mode);
      if (entry.sparse === undefined)
        this.#diskSize += Math.min(made.blocks * 512, Math.ceil(made.size / 4096) * 4096);
      else this.#diskSize += made.blocks * 512;
    } finally {
      closeSync(fd);
    }
    this.#setXattrs(place, entry);
    this.#setTimes(place, entry);
  }

  #writeContent(fd: number, place: Place, entry: TarEntry, reader: TarReader): void {
    let written = 0;
    if (entry.payload > 0) {
      const ordinal = this.#replaced.nextOrdinal();
      const path = joinPath(place.parent.path, place.base);
      const pieces = entry.sparse?.pieces ?? [0, entry.payload];
      for (let i = 0; i < pieces.length; i += 2) {
        const offset = pieces[i] ?? 0;
        const length = pieces[i + 1] ?? 0;
        if (length === 0) continue;
        this.#split.content(ordinal, path, offset, length);
        for (let done = 0; done < length; ) {
          const part = reader.content(Math.min(CONTENT_CHUNK, length - done));
          if (part === undefined) throw new IntegrityError('its content ends early');
          written = Math.max(written, writeAroundHoles(fd, part, offset + done));
          done += part.length;
        }
      }
    }
    if (written < entry.size) ftruncateSync(fd, entry.size);
  }

  #writeDirectory(place: Place, entry: TarEntry): void {
    const name = pathBytes(place.base);
    let opaque = false;
    for (;;) {
      try {
        this.#system.mkdirat(place.parent.fd, name, 0o700);
        break;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        const existing = this.#system.lstatat(place.parent.fd, name);
        if (existing !== undefined && (existing.mode & FORMAT) === constants.S_IFDIR) break;
        opaque ||= isWhiteout(existing);
        this.#makeRoom(place, existing);
      }
    }
    if (opaque) this.#whiteouts.makeOpaque(place.parent, place.base);
    this.#dressDirectory(place, entry);
  }

  #dressDirectory(place: Place, entry: TarEntry): void {
    const name = place.base === '' ? '.' : pathBytes(place.base);
    this.#owned(entry, () =>
      this.#system.fchownat(place.parent.fd, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW),
    );
    this.#system.fchmodat(place.parent.fd, name, entry.mode);
    this.#setXattrs(place, entry);
    const path = joinPath(place.parent.path, place.base);
    this.#implied.delete(path);
    this.#times.add(path, entry.mtimeSec, entry.mtimeNsec);
  }

  #writeSymlink(place: Place, entry: TarEntry): void {
    if (entry.linkName === '' || entry.linkName.includes('\0'))
      throw new IntegrityError('a symbolic link has no valid target');
    if (entry.linkName.length > 4095) throw new IntegrityError('the target of a symbolic link is too long');
    this.#create(place, (name) => this.#system.symlinkat(pathBytes(entry.linkName), place.parent.fd, name));
    if (entry.linkName.length > 59) this.#diskSize += 4096;
    this.#chown(place, entry);
    this.#setXattrs(place, entry);
    this.#setTimes(place, entry);
  }

  #writeHardLink(place: Place, entry: TarEntry): void {
    const target = cleanEntryPath(entry.linkName);
    const targetDirectory = target === '' ? undefined : this.#cache.find(parentOf(target));
    const found = targetDirectory && this.#system.lstatat(targetDirectory.fd, pathBytes(baseOf(target)));
    if (targetDirectory === undefined || found === undefined || isWhiteout(found))
      throw new IntegrityError(
        `the target of a hard link, ${printablePath(entry.linkName)}, is not in the layer`,
      );
    if ((found.mode & FORMAT) === constants.S_IFDIR)
      throw new IntegrityError('the target of a hard link is a directory');
    const sameName = targetDirectory.path === place.parent.path && baseOf(target) === place.base;
    // Renaming a name to itself would lose the file.
    if (sameName) return;
    this.#create(place, (name) =>
      this.#system.linkat(targetDirectory.fd, pathBytes(baseOf(target)), place.parent.fd, name, 0),
    );
  }

  /** False where devices cannot be made: a user namespace may not, and podman leaves them out as well. */
  #writeNode(place: Place, entry: TarEntry): boolean {
    if (entry.kind !== 'fifo' && this.#job.inUserNamespace) return false;
    const format = { fifo: constants.S_IFIFO, char: constants.S_IFCHR, block: constants.S_IFBLK }[
      entry.kind === 'fifo' || entry.kind === 'char' ? entry.kind : 'block'
    ];
    const mode = format | (entry.mode & 0o777);
    this.#create(place, (name) =>
      this.#system.mknodat(place.parent.fd, name, mode, entry.major, entry.minor),
    );
    this.#chown(place, entry);
    this.#system.fchmodat(place.parent.fd, pathBytes(place.base), entry.mode);
    this.#setXattrs(place, entry);
    this.#setTimes(place, entry);
    return true;
  }

  /** Runs `make`; what is in the way is moved aside: the last entry of a name wins. */
  #create<T>(place: Place, make: (name: string | Buffer) => T): T {
    const name = pathBytes(place.base);
    for (;;) {
      try {
        return make(name);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        this.#makeRoom(place, this.#system.lstatat(place.parent.fd, name));
      }
    }
  }

  #makeRoom(place: Place, existing: RawStat | undefined): void {
    if (existing === undefined) return;
    if (isWhiteout(existing)) {
      this.#system.unlinkat(place.parent.fd, pathBytes(place.base), 0);
      return;
    }
    this.#replaced.moveAside(place.parent, place.base);
    const format = existing.mode & FORMAT;
    if (format === constants.S_IFDIR || format === constants.S_IFLNK) this.#cache.forget(place.parent);
  }

  /** A directory that the tar implies but does not list. */
  #makeImplied(parent: LayerDirectory, base: string): void {
    const name = pathBytes(base);
    const existing = this.#system.lstatat(parent.fd, name);
    const wasWhiteout = isWhiteout(existing);
    if (existing !== undefined && !wasWhiteout) {
      const what =
        (existing.mode & FORMAT) === constants.S_IFLNK ? 'a link that leads nowhere' : 'not a directory';
      throw new IntegrityError(
        `${printablePath(joinPath(parent.path, base))}, a part of its path, is ${what}`,
      );
    }
    if (wasWhiteout) this.#system.unlinkat(parent.fd, name, 0);
    this.#system.mkdirat(parent.fd, name, 0o755);
    this.#system.fchmodat(parent.fd, name, 0o755);
    if (wasWhiteout) this.#whiteouts.makeOpaque(parent, base);
    const path = joinPath(parent.path, base);
    // What was deleted and made again owes nothing to the lower layers.
    if (!wasWhiteout) this.#implied.add(path);
    this.#times.touch(path);
    this.#whiteouts.made(path);
  }

  #chown(place: Place, entry: TarEntry): void {
    this.#owned(entry, () =>
      this.#system.fchownat(
        place.parent.fd,
        pathBytes(place.base),
        entry.uid,
        entry.gid,
        AT_SYMLINK_NOFOLLOW,
      ),
    );
  }

  #owned(entry: TarEntry, change: () => void): void {
    try {
      change();
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL' || !this.#job.inUserNamespace) throw error;
      if (this.#job.ignoresOwners) return;
      throw new UnmappedIdError(entry.uid, entry.gid, { cause: error });
    }
  }

  #setXattrs(place: Place, entry: TarEntry): void {
    if (entry.xattrs === undefined) return;
    setEntryXattrs(this.#system, place, entry.xattrs, this.#job.inUserNamespace);
  }

  #setTimes(place: Place, entry: TarEntry): void {
    const { mtimeSec, mtimeNsec } = entry;
    const times = { atimeSec: mtimeSec, atimeNsec: mtimeNsec, mtimeSec, mtimeNsec };
    this.#system.utimensat(place.parent.fd, pathBytes(place.base), times, AT_SYMLINK_NOFOLLOW);
  }
}
