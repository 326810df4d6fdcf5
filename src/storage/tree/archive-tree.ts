import { closeSync, constants, fstatSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { log } from '../../base/log.ts';
import type { RawStat } from '../../native/syscalls.ts';
import { TAR_END, tarHeader, tarPadding, type WrittenEntry, type WrittenType } from '../tar/tar-writer.ts';
import { joinPath, printablePath } from '../unpack/entry-path.ts';
import { type FileTree, isDirectory } from './file-tree.ts';

export interface ArchiveOptions {
  /** Name of the file or directory in the archive; '.' for the bare contents of a directory, '' for these without itself. */
  name: string;
  /** Ids as the archive shall name them; without it as they are. */
  ids?: (owner: Owner) => Owner;
}

export interface Owner {
  uid: number;
  gid: number;
}

const CHUNK_BYTES = 1 << 20;

/** File systems that show the kernel and no files: their contents are left out when what is above them is copied. */
const KERNEL_FILE_SYSTEMS = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202, 0x73636673, 0x64626720, 0x74726163,
  0xcafe4a11, 0x6165676c,
]);
const PROC = 0x9fa0;
const SYSFS = 0x62656572;

const TYPES: Readonly<Record<number, WrittenType>> = {
  [constants.S_IFREG]: 'File',
  [constants.S_IFDIR]: 'Directory',
  [constants.S_IFLNK]: 'SymbolicLink',
  [constants.S_IFCHR]: 'CharacterDevice',
  [constants.S_IFBLK]: 'BlockDevice',
  [constants.S_IFIFO]: 'FIFO',
};

/**
 * The tar of a file, or of a directory with all that is in it, as pieces; each is valid until the next one is asked for. Links are
 * kept as links, sockets left out. Names are in byte order. A file that becomes shorter meanwhile is filled up with zeros.
 */
export function* archiveTree(tree: FileTree, path: string, options: ArchiveOptions): Generator<Buffer, void> {
  const stat = tree.lstat(path);
  if (stat !== undefined)
    yield* entries({ tree, options, firstNames: new Map(), buffer: undefined }, path, options.name, stat);
  yield TAR_END;
}

interface Walk {
  tree: FileTree;
  options: ArchiveOptions;
  /** Names of files with several links, by device and inode. */
  firstNames: Map<string, string>;
  /** Most files are small: one for all of them. */
  buffer: Buffer | undefined;
}

function* entries(walk: Walk, path: string, name: string, stat: RawStat): Generator<Buffer, void> {
  const { tree, options } = walk;
  const type = TYPES[stat.mode & constants.S_IFMT];
  if (type === undefined) return;
  const owner = { uid: stat.uid, gid: stat.gid };
  const entry: WrittenEntry = {
    type,
    name: type === 'Directory' ? `${name}/` : name,
    mode: stat.mode & 0o7777,
    ...(options.ids?.(owner) ?? owner),
    size: 0,
    mtimeSec: stat.mtimeSec,
    mtimeNsec: stat.mtimeNsec,
    major: stat.rdevMajor,
    minor: stat.rdevMinor,
  };
  if (type !== 'Directory' && stat.nlink > 1) {
    const key = `${stat.dev}:${stat.ino}`;
    const first = walk.firstNames.get(key);
    if (first !== undefined) {
      yield tarHeader({ ...entry, type: 'Link', linkName: first });
      return;
    }
    walk.firstNames.set(key, name);
  }
  if (type === 'File') {
    yield* file(walk, path, entry);
    return;
  }
  if (type === 'SymbolicLink') entry.linkName = tree.readLink(path);
  if (type !== 'Directory') {
    yield tarHeader(entry);
    return;
  }
  yield* directory(walk, path, { name, stat, entry });
}

function* directory(
  walk: Walk,
  path: string,
  { name, stat, entry }: { name: string; stat: RawStat; entry: WrittenEntry },
): Generator<Buffer, void> {
  const { tree } = walk;
  const fd = tree.openDirectory(path);
  if (fd === undefined) return;
  let names: string[];
  try {
    entry.xattrs = tree.xattrs(path);
    if (name !== '') yield tarHeader(entry);
    if (name !== walk.options.name && isKernelsOwn(tree, fd, stat)) return;
    names = namesIn(tree, fd, path);
  } finally {
    closeSync(fd);
  }
  for (const child of names) {
    const childPath = joinPath(path, child);
    const found = tree.lstat(childPath);
    if (found !== undefined) yield* entries(walk, childPath, joinPath(name, child), found);
  }
}

function isKernelsOwn(tree: FileTree, fd: number, stat: RawStat): boolean {
  return isDirectory(stat) && KERNEL_FILE_SYSTEMS.has(tree.system.statfsType(`/proc/self/fd/${fd}/.`));
}

function namesIn(tree: FileTree, fd: number, path: string): string[] {
  const names = readdirSync(`/proc/self/fd/${fd}/.`, { encoding: 'buffer' }).map((name) =>
    name.toString('latin1'),
  );
  return [...new Set([...names, ...tree.mountsIn(path)])].sort();
}

function* file(walk: Walk, path: string, entry: WrittenEntry): Generator<Buffer, void> {
  const { tree } = walk;
  const fd = tree.openFile(path);
  if (fd === undefined) return;
  try {
    const now = fstatSync(fd);
    if (!now.isFile()) return;
    entry.xattrs = tree.xattrs(path);
    const type = now.size === 0 ? tree.system.statfsType(`/proc/self/fd/${fd}`) : 0;
    if (type === PROC || type === SYSFS) {
      const text = readFileSync(fd);
      yield tarHeader({ ...entry, size: text.length });
      yield text;
      yield tarPadding(text.length);
      return;
    }
    yield tarHeader({ ...entry, size: now.size });
    yield* content(walk, fd, { path, size: now.size });
  } finally {
    closeSync(fd);
  }
}

function* content(
  walk: Walk,
  fd: number,
  { path, size }: { path: string; size: number },
): Generator<Buffer, void> {
  walk.buffer ??= Buffer.allocUnsafe(CHUNK_BYTES);
  const { buffer } = walk;
  for (let done = 0; done < size; ) {
    const wanted = Math.min(buffer.length, size - done);
    let got = readSync(fd, buffer, 0, wanted, done);
    if (got === 0) {
      log('warn', `${printablePath(path)} became shorter while it was read: filled up with zeros`);
      got = buffer.fill(0, 0, wanted) && wanted;
    }
    yield buffer.subarray(0, got);
    done += got;
  }
  yield tarPadding(size);
}
