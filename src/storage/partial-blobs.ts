import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf, StorageError } from '../base/errors.ts';
import { type Digest, hexOf } from '../base/ids.ts';
import { syscalls } from '../native/linux.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { listNames } from './removal.ts';

/** What came of a blob before its download broke off, so that the next command need not fetch it again. */
export interface PartialBlob {
  /** Where the bytes begin that are there; those before it are in the layers that `checkpoint` names. */
  readonly start: number;
  /** Where the bytes end that came in an earlier attempt. */
  readonly length: number;
  readonly checkpoint: Checkpoint | undefined;
  /** The bytes from `start` to `length`; each piece is valid until the next. */
  read(): Iterable<Buffer>;
  /** Never throws: without room there is no next time. */
  append(bytes: Buffer): void;
  /**
   * From now on an attempt begins here, and what comes before it takes no room. False where it could not be noted: nothing that an
   * earlier checkpoint names may go then.
   */
  note(checkpoint: Checkpoint): boolean;
  /** As if nothing had come. */
  reset(): void;
  /** For a later attempt. False when there is nothing to keep. */
  keep(): boolean;
  remove(): void;
}

const PREFIX = 'partial-';
/** Behind the name of the blob's file. Its own temporary names go on with `.tmp`. */
const CHECKPOINT = '.checkpoint';
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

/** Whether another attempt may bring it to an end: the content was not wrong, and there was room. */
export function isInterruption(error: unknown): boolean {
  return !(error instanceof StorageError);
}

export function isPartialBlob(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Removes all that nobody writes just now. */
export function removePartialBlobs(directory: string): void {
  const names = listNames(directory).filter(isPartialBlob);
  for (const name of new Set(names.map(blobName))) removeUnlocked(join(directory, name));
  // Written by somebody who was killed between the two names.
  for (const name of names.filter((each) => each.includes('.tmp-')))
    rmSync(join(directory, name), { force: true });
}

/** The unfinished layers that the next attempt at a blob needs. */
export function layersOfPartialBlobs(directory: string): Set<string> {
  return new Set([...checkpoints(directory)].flatMap(([, { parts }]) => parts.map(({ layer }) => layer)));
}

/** Removes what would go on with that layer, unless somebody does so just now: then it is false. */
export function removePartialBlobOf(directory: string, layer: string): boolean {
  for (const [name, { parts }] of checkpoints(directory))
    if (parts.some((part) => part.layer === layer) && !removeUnlocked(join(directory, name))) return false;
  return true;
}

function* checkpoints(directory: string): Generator<[string, Checkpoint], void> {
  for (const name of listNames(directory)) {
    if (!isPartialBlob(name) || !name.endsWith(CHECKPOINT)) continue;
    const checkpoint = readCheckpoint(join(directory, name));
    if (checkpoint !== undefined) yield [blobName(name), checkpoint];
  }
}

function blobName(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

function removeUnlocked(path: string): boolean {
  // Opened and made in one: a checkpoint without its file may be left over too.
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if (!syscalls().tryLock(fd, 'exclusive')) return false;
    removeLocked(path, fd);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** In this order: a file with holes is never without its checkpoint. */
function removeLocked(path: string, fd: number): void {
  ftruncateSync(fd, 0);
  rmSync(`${path}${CHECKPOINT}`, { force: true });
  crashPoint('partial-before-remove');
  rmSync(path, { force: true });
}

function readCheckpoint(path: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

class LockedFile implements PartialBlob {
  #start = 0;
  #length: number;
  #checkpoint: Checkpoint | undefined;
  readonly #path: string;
  #fd: number | undefined;
  #end: number;
  #hole = 0;

  constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    const { size: there } = fstatSync(fd);
    const checkpoint = readCheckpoint(`${path}${CHECKPOINT}`);
    const isDamaged = checkpoint === undefined && existsSync(`${path}${CHECKPOINT}`);
    this.#checkpoint = checkpoint;
    this.#start = checkpoint?.from ?? 0;
    this.#length = there;
    this.#end = there;
    // More than the whole is not of this blob.
    const isOther = there > size || this.#start > there || (checkpoint?.packed ?? 0) > size;
    if (isOther || isDamaged) this.reset();
  }

  get start(): number {
    return this.#start;
  }

  get length(): number {
    return this.#length;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  *read(): Generator<Buffer, void> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let at = this.#start; at < this.#length && this.#fd !== undefined; ) {
      const count = readSync(this.#fd, buffer, 0, Math.min(CHUNK, this.#length - at), at);
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

  note(checkpoint: Checkpoint): boolean {
    if (this.#fd === undefined) return false;
    try {
      writeFileAtomic(`${this.#path}${CHECKPOINT}`, formatCheckpoint(checkpoint), { durable: false });
      this.#checkpoint = checkpoint;
      crashPoint('checkpoint-before-hole');
      if (checkpoint.from > this.#hole)
        syscalls().punchHole(this.#fd, this.#hole, checkpoint.from - this.#hole);
      this.#hole = checkpoint.from;
      crashPoint('checkpoint-after-hole');
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return false;
    }
  }

  reset(): void {
    if (this.#fd === undefined) return;
    ftruncateSync(this.#fd, 0);
    rmSync(`${this.#path}${CHECKPOINT}`, { force: true });
    this.#checkpoint = undefined;
    this.#start = 0;
    this.#length = 0;
    this.#end = 0;
    this.#hole = 0;
  }

  keep(): boolean {
    if (this.#fd === undefined) return false;
    if (this.#end === 0) {
      this.remove();
      return false;
    }
    closeSync(this.#fd);
    this.#fd = undefined;
    return true;
  }

  remove(): void {
    if (this.#fd === undefined) return;
    removeLocked(this.#path, this.#fd);
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
