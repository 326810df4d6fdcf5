import { closeSync, createReadStream, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { IntegrityError } from '../base/errors.ts';
import { readBounded } from './bounded-body.ts';
import { indexTar } from './tar-index.ts';

/** The files of an image archive, be it a tar or a directory. */
export interface ArchiveFiles {
  has(name: string): boolean;
  /** Undefined when it is not there. */
  size(name: string): number | undefined;
  /** A small file whole; not there or above `limit` is an IntegrityError. */
  read(name: string, limit: number): Promise<Buffer>;
  stream(name: string): Readable;
  close(): void;
}

/** `fd` is a seekable, uncompressed tar; it is closed with the result. */
export function tarFiles(fd: number): ArchiveFiles {
  const index = indexTar(fd);
  const find = (name: string) => {
    const member = index.get(name);
    if (member === undefined) throw new IntegrityError(`the archive has no file ${name}`);
    return member;
  };
  const files: ArchiveFiles = {
    has: (name) => index.has(name),
    size: (name) => index.get(name)?.size,
    read: (name, limit) => readBounded(files.stream(name), limit, `${name} in the archive`),
    stream(name) {
      const { offset, size } = find(name);
      return Readable.from(partOf(fd, { offset, size, name }), { objectMode: false, highWaterMark: 1 << 20 });
    },
    close: () => closeSync(fd),
  };
  return files;
}

export function directoryFiles(directory: string): ArchiveFiles {
  const root = resolve(directory);
  const pathOf = (name: string) => {
    const path = resolve(root, name);
    if (!path.startsWith(root + sep)) throw new IntegrityError(`${name} leads out of ${directory}`);
    return path;
  };
  const files: ArchiveFiles = {
    has: (name) => existsSync(pathOf(name)),
    size: (name) => (existsSync(pathOf(name)) ? statSync(pathOf(name)).size : undefined),
    async read(name, limit) {
      if (!files.has(name)) throw new IntegrityError(`${directory} has no file ${name}`);
      return readBounded(files.stream(name), limit, join(directory, name));
    },
    stream: (name) => createReadStream(pathOf(name), { highWaterMark: PIECE }),
    close: () => {},
  };
  return files;
}

/** The first bytes of a file. */
export function firstBytes(path: string, count: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(count);
    return buffer.subarray(0, readSync(fd, buffer, 0, count, 0));
  } finally {
    closeSync(fd);
  }
}

const PIECE = 256 * 1024;

/** Several streams may share the descriptor: each reads at positions of its own. */
export function* partOf(
  fd: number,
  { offset, size, name }: { offset: number; size: number; name: string },
): Generator<Buffer> {
  for (let done = 0; done < size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, size - done));
    const count = readSync(fd, buffer, 0, buffer.length, offset + done);
    if (count === 0) throw new IntegrityError(`the archive ends in the middle of ${name}`);
    done += count;
    yield buffer.subarray(0, count);
  }
}
