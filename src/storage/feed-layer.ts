import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { countGarbage } from '../base/collect-garbage.ts';
import { IntegrityError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { syscalls } from '../native/linux.ts';
import type { RingWriter } from './byte-ring.ts';
import type { LayerCompression } from './store.ts';
import type { UnpackGuard } from './unpack-limit.ts';

export interface FeedOptions {
  /** Names the layer in messages. */
  label: string;
  source: Readable;
  compression: LayerCompression | 'detect';
  blobDigest: Digest | undefined;
  blobSize: number | undefined;
  signal: AbortSignal;
  onProgress: ((bytes: number) => void) | undefined;
  guard: UnpackGuard;
}

/** What is handed to the decompressor at a time: each piece costs a trip to another thread. */
const PIECE_BYTES = 256 << 10;

/**
 * Pours `source` into the ring, decompressed, and ends the ring. Decompression runs on libuv's threads, the digest of what comes in is
 * taken here. Throws when the stream fails, is damaged, or is not what its digest and size say; the ring is then left as it is.
 */
export async function feedLayer(options: FeedOptions, ring: RingWriter): Promise<void> {
  const pieces = checkedPieces(options);
  let coming = pieces.next();
  const { value: first } = await coming;
  const start = first ?? Buffer.alloc(0);
  const compression = options.compression === 'detect' ? detectCompression(start) : options.compression;
  const pour =
    compression === 'none' ? (piece: Buffer) => ring.write(piece) : inflating(compression, options, ring);
  for (;;) {
    const { value: piece, done } = await coming;
    if (done === true) break;
    // Reading and hashing go on meanwhile.
    coming = pieces.next();
    coming.catch(() => {});
    await pour(piece);
  }
  await pour(Buffer.alloc(0));
  await ring.end();
}

/** By the first bytes; anything unknown is taken for a plain tar. */
export function detectCompression(start: Buffer): LayerCompression {
  if (start.length >= 2 && start.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return 'none';
}

/**
 * The source in pieces of a good size; the digest is checked before the last one is given. There are two buffers, in turn: a piece is
 * valid until the one after the next is asked for.
 */
async function* checkedPieces(options: FeedOptions): AsyncGenerator<Buffer, undefined> {
  const { label, source, blobDigest, blobSize, signal, onProgress } = options;
  const hash = blobDigest === undefined ? undefined : createHash(algorithmOf(blobDigest));
  let [current, other] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
  let used = 0;
  let total = 0;
  for await (const chunk of source) {
    signal.throwIfAborted();
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a layer must come as bytes');
    total += chunk.length;
    if (blobSize !== undefined && total > blobSize)
      throw new IntegrityError(`${label}: the blob is larger than the ${blobSize} bytes it should have`);
    hash?.update(chunk);
    countGarbage(chunk.length);
    onProgress?.(total);
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(current, used, at);
      at += count;
      used += count;
      if (used < PIECE_BYTES) continue;
      yield current;
      [current, other] = [other, current];
      used = 0;
    }
  }
  signal.throwIfAborted();
  if (blobSize !== undefined && total !== blobSize)
    throw new IntegrityError(`${label}: the blob has ${total} bytes instead of ${blobSize}`);
  const found = hash === undefined ? undefined : `${algorithmOf(blobDigest)}:${hash.digest('hex')}`;
  if (found !== blobDigest)
    throw new IntegrityError(`${label}: the blob's digest is ${found} instead of ${blobDigest}`);
  if (used > 0) yield current.subarray(0, used);
  return undefined;
}

/** Returns what decompresses one piece after the other straight into the ring; an empty one says that the stream ends. */
function inflating(
  compression: 'gzip' | 'zstd',
  { label, guard }: FeedOptions,
  ring: RingWriter,
): (piece: Buffer) => Promise<void> {
  const inflater = syscalls().openInflater(compression);
  const damaged = (problem: string): IntegrityError =>
    new IntegrityError(`${label}: the ${compression} stream is damaged: ${problem}`);
  let isWhole = true;
  let [taken, given] = [0, 0];
  return async (piece) => {
    if (piece.length === 0) {
      if (!isWhole) throw damaged('it ends too early');
      return;
    }
    for (let at = 0; ; ) {
      const room = await ring.reserve();
      const part = await syscalls().inflateInto(inflater, piece.subarray(at), room);
      ring.commit(part.written);
      at += part.read;
      taken += part.read;
      given += part.written;
      guard(taken, given);
      isWhole = part.isBetween;
      if (part.problem !== undefined) throw damaged(part.problem);
      // A full room may hide that more is waiting.
      if (at === piece.length && part.written < room.length) return;
    }
  };
}

function algorithmOf(digest: Digest | undefined): 'sha256' | 'sha512' {
  return digest?.startsWith('sha512:') ? 'sha512' : 'sha256';
}
