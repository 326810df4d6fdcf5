import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { type Digest, hexOf } from '../base/ids.ts';
import { syscalls } from '../native/linux.ts';
import { listNames } from './removal.ts';

/** What came of a blob before its download broke off, so that the next command need not fetch it again. */
export interface PartialBlob {
  /** Bytes that are there from an earlier attempt. */
  readonly length: number;
  /** These bytes; each piece is valid until the next. */
  read(): Iterable<Buffer>;
  /** Never throws: without room there is no next time. */
  append(bytes: Buffer): void;
  /** For a later attempt. */
  keep(): void;
  remove(): void;
}

const PREFIX = 'partial-';
/** Less is fetched again as fast as it is looked for. */
const SMALLEST = 1 << 20;
/** It is kept only where this many times its size is free: it must not be what fills the disk. */
const FREE_TIMES = 8;
const CHUNK = 256 << 10;

/**
 * The partial file of a blob in `directory`, locked by the kernel as long as it is open; undefined where none is kept: for small
 * blobs, on a disk that is nearly full, or while another process writes it. What is in it may be anything after a power cut.
 */
export function openPartialBlob(directory: string, digest: Digest, size: number): PartialBlob | undefined {
  if (size < SMALLEST) return undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = statfsSync(directory);
    if (bavail * bsize < size * FREE_TIMES) return undefined;
    const path = join(directory, `${PREFIX}${hexOf(digest)}`);
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    if (!syscalls().tryLock(fd, 'exclusive')) {
      closeSync(fd);
      return undefined;
    }
    return new LockedFile(path, fd, size);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

export function isPartialBlob(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Removes all that nobody writes just now. */
export function removePartialBlobs(directory: string): void {
  for (const name of listNames(directory).filter(isPartialBlob)) {
    try {
      const fd = openSync(join(directory, name), constants.O_RDWR | constants.O_NOFOLLOW);
      if (syscalls().tryLock(fd, 'exclusive')) rmSync(join(directory, name), { force: true });
      closeSync(fd);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

class LockedFile implements PartialBlob {
  readonly length: number;
  readonly #path: string;
  #fd: number | undefined;
  #end: number;

  constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    const { size: there } = fstatSync(fd);
    // More than the whole is not of this blob.
    this.length = there > size ? 0 : there;
    this.#end = this.length;
  }

  *read(): Generator<Buffer, void> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let at = 0; at < this.length && this.#fd !== undefined; ) {
      const count = readSync(this.#fd, buffer, 0, Math.min(CHUNK, this.length - at), at);
      if (count === 0) return;
      at += count;
      yield buffer.subarray(0, count);
    }
  }

  append(bytes: Buffer): void {
    if (this.#fd === undefined) return;
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = writeSync(this.#fd, bytes, done, bytes.length - done, this.#end);
        done += count;
        this.#end += count;
      }
    } catch {
      this.remove();
    }
  }

  keep(): void {
    if (this.#fd === undefined) return;
    if (this.#end === 0) this.remove();
    else closeSync(this.#fd);
    this.#fd = undefined;
  }

  remove(): void {
    if (this.#fd === undefined) return;
    rmSync(this.#path, { force: true });
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
