import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { errnoOf, StorageError } from '../base/errors.ts';
import type { RawStat, Syscalls } from '../native/syscalls.ts';
import type { Change } from './changes.ts';
import { collected } from './collected.ts';
import { openBeneath, openLayerRoots } from './lower-layers.ts';
import { TAR_END, tarHeader, tarPadding, type WrittenEntry, type WrittenType } from './tar/tar-writer.ts';
import { baseOf, joinPath, parentOf, pathBytes, printablePath } from './unpack/entry-path.ts';

const CHUNK_BYTES = 1 << 20;
/** The union mount's own, and what names things of this machine only. */
const PRIVATE_XATTR = /^(?:(?:trusted|user)\.overlay\.|user\.fuseoverlayfs\.|security\.selinux$)/;
const WHITEOUT = { mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0, type: 'File' } as const;

const TYPES: Readonly<Record<number, WrittenType>> = {
  [constants.S_IFREG]: 'File',
  [constants.S_IFDIR]: 'Directory',
  [constants.S_IFLNK]: 'SymbolicLink',
  [constants.S_IFCHR]: 'CharacterDevice',
  [constants.S_IFBLK]: 'BlockDevice',
  [constants.S_IFIFO]: 'FIFO',
};

/**
 * Changes as the tar of a layer: deletions as `.wh.` files, hard links kept, sockets left out. The files should not change
 * meanwhile (pause the container): one that gets shorter, or becomes something else, makes the stream fail.
 */
export function diffLayer(system: Syscalls, changes: Iterable<Change>): Readable {
  return Readable.from(collected(bytesOf(layerParts(system, changes))), {
    objectMode: false,
    highWaterMark: CHUNK_BYTES,
  });
}

/** A piece of the tar; where it is the content of a file, it says of which. */
export interface LayerPart {
  bytes: Buffer;
  file?: { path: string; offset: number };
}

function* bytesOf(parts: Iterable<LayerPart>): Generator<Buffer, void> {
  for (const { bytes } of parts) yield bytes;
}

/** The tar in pieces; content is only valid until the next one is asked for. Nothing but what is beneath the changes' roots is read. */
export function* layerParts(system: Syscalls, changes: Iterable<Change>): Generator<LayerPart, void> {
  const firstNames = new Map<bigint, string>();
  const roots = new Map<string, number>();
  try {
    for (const change of changes) {
      const { path, root, stat } = change;
      if (root === undefined || stat === undefined) {
        yield { bytes: tarHeader({ ...WHITEOUT, name: joinPath(parentOf(path), `.wh.${baseOf(path)}`) }) };
        continue;
      }
      const fd = roots.get(root) ?? openLayerRoots(system, [root])[0] ?? -1;
      roots.set(root, fd);
      yield* entryParts(system, { ...change, stat }, fd, firstNames);
    }
  } finally {
    for (const fd of roots.values()) closeSync(fd);
  }
  yield { bytes: TAR_END };
}

function* entryParts(
  system: Syscalls,
  change: Change & { stat: RawStat },
  root: number,
  firstNames: Map<bigint, string>,
): Generator<LayerPart, void> {
  const { path, stat } = change;
  const type = TYPES[stat.mode & constants.S_IFMT];
  if (type === undefined) return;
  const entry: WrittenEntry = {
    type,
    name: type === 'Directory' ? (path === '' ? './' : `${path}/`) : path,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: type === 'File' ? stat.size : 0,
    mtimeSec: stat.mtimeSec,
    mtimeNsec: stat.mtimeNsec,
    major: stat.rdevMajor,
    minor: stat.rdevMinor,
  };
  const first = type !== 'Directory' && stat.nlink > 1 ? firstNames.get(stat.ino) : undefined;
  if (first !== undefined) {
    yield { bytes: tarHeader({ ...entry, type: 'Link', linkName: first, size: 0 }) };
    return;
  }
  if (stat.nlink > 1) firstNames.set(stat.ino, path);
  const place = openPlace(system, root, path);
  try {
    if (type === 'SymbolicLink')
      entry.linkName = asItWas(path, () => system.readlinkat(place.parent, place.name)).toString('latin1');
    entry.xattrs = asItWas(path, () => xattrsOf(system, place));
    yield { bytes: tarHeader(entry) };
    if (change.isOpaque) yield { bytes: tarHeader({ ...WHITEOUT, name: joinPath(path, '.wh..wh..opq') }) };
    if (type === 'File') yield* content(system, place, { path, size: entry.size });
  } finally {
    closeSync(place.parent);
  }
}

interface Place {
  parent: number;
  name: string | Buffer;
}

/** The directory that has it, to be closed; links on the way are not followed. */
function openPlace(system: Syscalls, root: number, path: string): Place {
  const parent = openBeneath(system, root, parentOf(path));
  if (typeof parent !== 'number') throw exchanged(path);
  return { parent, name: path === '' ? '.' : pathBytes(baseOf(path)) };
}

function asItWas<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO'].includes(errnoOf(error) ?? ''))
      throw exchanged(path);
    throw error;
  }
}

function exchanged(path: string): StorageError {
  return new StorageError(`${printablePath(path)} was exchanged while it was read`, {
    hint: 'pause the container meanwhile',
  });
}

function xattrsOf(system: Syscalls, { parent, name }: Place): [string, Buffer][] {
  const at = Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), Buffer.from(name)]);
  return system
    .llistxattr(at)
    .filter((key) => !PRIVATE_XATTR.test(key))
    .sort()
    .flatMap((key) => {
      const value = system.lgetxattr(at, key);
      return value === undefined ? [] : [[key, value] as [string, Buffer]];
    });
}

function* content(
  system: Syscalls,
  { parent, name }: Place,
  { path, size }: { path: string; size: number },
): Generator<LayerPart, void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const fd = asItWas(path, () => system.openat2(parent, name, flags, 0, 0));
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
  try {
    if (!fstatSync(fd).isFile()) throw exchanged(path);
    for (let done = 0; done < size; ) {
      const got = readSync(fd, buffer, 0, Math.min(buffer.length, size - done), done);
      if (got === 0) throw new StorageError(`${printablePath(path)} became shorter while it was read`);
      yield { bytes: buffer.subarray(0, got), file: { path, offset: done } };
      done += got;
    }
  } finally {
    closeSync(fd);
  }
  yield { bytes: tarPadding(size) };
}
