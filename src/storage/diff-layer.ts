import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { StorageError } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { Change } from './changes.ts';
import { collected } from './collected.ts';
import { TAR_END, tarHeader, tarPadding, type WrittenEntry, type WrittenType } from './tar/tar-writer.ts';
import { baseOf, joinPath, parentOf, printablePath } from './unpack/entry-path.ts';

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
 * Changes as the tar of a layer: deletions as `.wh.` files, hard links kept, sockets left out. The files must not change
 * meanwhile (pause the container); one that gets shorter makes the stream fail.
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

/** The tar in pieces; content is only valid until the next one is asked for. */
export function* layerParts(system: Syscalls, changes: Iterable<Change>): Generator<LayerPart, void> {
  const firstNames = new Map<bigint, string>();
  for (const change of changes) {
    const { path, source, stat } = change;
    if (source === undefined || stat === undefined) {
      yield { bytes: tarHeader({ ...WHITEOUT, name: joinPath(parentOf(path), `.wh.${baseOf(path)}`) }) };
      continue;
    }
    const type = TYPES[stat.mode & constants.S_IFMT];
    if (type === undefined) continue;
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
      continue;
    }
    if (stat.nlink > 1) firstNames.set(stat.ino, path);
    if (type === 'SymbolicLink') entry.linkName = readlinkSync(source, 'latin1');
    entry.xattrs = xattrsOf(system, source);
    yield { bytes: tarHeader(entry) };
    if (change.isOpaque) yield { bytes: tarHeader({ ...WHITEOUT, name: joinPath(path, '.wh..wh..opq') }) };
    if (type === 'File') yield* content(source, path, entry.size);
  }
  yield { bytes: TAR_END };
}

function xattrsOf(system: Syscalls, source: Buffer): [string, Buffer][] {
  return system
    .llistxattr(source)
    .filter((name) => !PRIVATE_XATTR.test(name))
    .sort()
    .flatMap((name) => {
      const value = system.lgetxattr(source, name);
      return value === undefined ? [] : [[name, value]];
    });
}

function* content(source: Buffer, path: string, size: number): Generator<LayerPart, void> {
  const fd = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW);
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
  try {
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
