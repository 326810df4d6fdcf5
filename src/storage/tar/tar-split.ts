import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { IntegrityError } from '../../base/errors.ts';

/**
 * The recipe that turns a layer's directory back into its tar: the tar's own bytes (headers, padding, trailer) literally, and for
 * file content only where it lies. On disk: the magic, then frames of zstd, each behind its length (32 bits, little endian).
 * A record never crosses frames. The last record is `end`; a file without it is broken.
 */
export type TarSplitRecord =
  | { kind: 'literal'; bytes: Buffer }
  | { kind: 'content'; ordinal: number; path: string; offset: number; size: number }
  | { kind: 'end'; tarSize: number };

const MAGIC = Buffer.from('tspodts1');
const BUFFER_BYTES = 256 << 10;
/** Of the frames that earlier versions have written. */
const MOST_FRAME_BYTES = 1 << 20;
const LITERAL = 1;
const CONTENT = 2;
const END = 3;
const LITERAL_HEAD = 5;
const CONTENT_HEAD = 23;

export class TarSplitWriter {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #used = 0;
  /** Where the literal that can still grow begins, or -1. */
  #open = -1;
  /** Bytes written to disk. */
  bytes = 0;
  /** Bytes of the tar that the records stand for. */
  recorded = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o644);
    this.#write(MAGIC);
  }

  literal(bytes: Buffer): void {
    this.recorded += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#open < 0 || this.#used === BUFFER_BYTES) {
        if (this.#used + LITERAL_HEAD >= BUFFER_BYTES) this.flush();
        this.#open = this.#used;
        this.#buffer[this.#used] = LITERAL;
        this.#used += LITERAL_HEAD;
      }
      const count = Math.min(bytes.length - at, BUFFER_BYTES - this.#used);
      bytes.copy(this.#buffer, this.#used, at, at + count);
      this.#used += count;
      at += count;
      this.#buffer.writeUInt32LE(this.#used - this.#open - LITERAL_HEAD, this.#open + 1);
      if (this.#used === BUFFER_BYTES) this.flush();
    }
  }

  /** `size` bytes at `offset` of the file at `path` (latin1), which entry number `ordinal` with content made. */
  content(ordinal: number, path: string, offset: number, size: number): void {
    this.recorded += size;
    if (this.#used + CONTENT_HEAD + path.length > BUFFER_BYTES) this.flush();
    this.#open = -1;
    const at = this.#used;
    this.#buffer[at] = CONTENT;
    this.#buffer.writeUInt32LE(ordinal, at + 1);
    this.#buffer.writeDoubleLE(offset, at + 5);
    this.#buffer.writeDoubleLE(size, at + 13);
    this.#buffer.writeUInt16LE(path.length, at + 21);
    this.#buffer.write(path, at + CONTENT_HEAD, 'latin1');
    this.#used = at + CONTENT_HEAD + path.length;
  }

  finish(tarSize: number): void {
    if (this.#used + 9 > BUFFER_BYTES) this.flush();
    this.#buffer[this.#used] = END;
    this.#buffer.writeDoubleLE(tarSize, this.#used + 1);
    this.#used += 9;
    this.flush();
    this.close();
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** All records so far are in the file then. */
  flush(): void {
    if (this.#used === 0) return;
    const frame = zstdCompressSync(this.#buffer.subarray(0, this.#used), {
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
    });
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(frame.length);
    this.#write(length);
    this.#write(frame);
    this.#used = 0;
    this.#open = -1;
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.bytes += bytes.length;
  }
}

/** The records in order. Throws IntegrityError for a broken file; closes it in every case. */
export function* readTarSplit(path: string): Generator<TarSplitRecord, void> {
  const fd = openSync(path, 'r');
  const broken = (): IntegrityError => new IntegrityError(`tar-split file ${path} is broken`);
  try {
    if (!readExactly(fd, MAGIC.length)?.equals(MAGIC)) throw broken();
    for (let ended = false; !ended; ) {
      const length = readExactly(fd, 4)?.readUInt32LE();
      // zstd may make incompressible data slightly longer.
      if (length === undefined || length > 2 * MOST_FRAME_BYTES) throw broken();
      const frame = readExactly(fd, length);
      if (frame === undefined) throw broken();
      for (const record of records(inflate(frame, broken), broken)) {
        ended = record.kind === 'end';
        yield record;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function inflate(frame: Buffer, broken: () => IntegrityError): Buffer {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: MOST_FRAME_BYTES });
  } catch {
    throw broken();
  }
}

function* records(buffer: Buffer, broken: () => IntegrityError): Generator<TarSplitRecord, void> {
  for (let at = 0; at < buffer.length; ) {
    const kind = buffer[at];
    if (kind === LITERAL && at + LITERAL_HEAD <= buffer.length) {
      const start = at + LITERAL_HEAD;
      const end = start + buffer.readUInt32LE(at + 1);
      if (end > buffer.length) throw broken();
      at = end;
      yield { kind: 'literal', bytes: buffer.subarray(start, end) };
    } else if (kind === CONTENT && at + CONTENT_HEAD <= buffer.length) {
      const start = at + CONTENT_HEAD;
      const end = start + buffer.readUInt16LE(at + 21);
      if (end > buffer.length) throw broken();
      const record: TarSplitRecord = {
        kind: 'content',
        ordinal: buffer.readUInt32LE(at + 1),
        offset: buffer.readDoubleLE(at + 5),
        size: buffer.readDoubleLE(at + 13),
        path: buffer.toString('latin1', start, end),
      };
      at = end;
      yield record;
    } else if (kind === END && at + 9 === buffer.length) {
      yield { kind: 'end', tarSize: buffer.readDoubleLE(at + 1) };
      return;
    } else {
      throw broken();
    }
  }
}

function readExactly(fd: number, count: number): Buffer | undefined {
  const result = Buffer.allocUnsafe(count);
  for (let at = 0; at < count; ) {
    const got = readSync(fd, result, at, count - at, null);
    if (got === 0) return undefined;
    at += got;
  }
  return result;
}
