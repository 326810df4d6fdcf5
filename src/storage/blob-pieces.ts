import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { countGarbage } from '../base/collect-garbage.ts';
import { IntegrityError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { syscalls } from '../native/linux.ts';

export interface BlobSource {
  /** Names the layer in messages. */
  label: string;
  source: Readable;
  blobDigest: Digest | undefined;
  blobSize: number | undefined;
  signal: AbortSignal;
  onProgress: ((bytes: number) => void) | undefined;
}

export interface BlobPiece {
  bytes: Buffer;
  /** Where in the blob it begins. */
  at: number;
  /** The digest's state there; undefined where it cannot be gone on with. */
  state: Buffer | undefined;
}

/** Where the source begins, if that is not the blob's beginning. */
export interface BlobStart {
  from: number;
  /** The digest's state there. */
  hash: Buffer;
}

/** What is handed to the decompressor at a time: each piece costs a trip to another thread. */
const PIECE_BYTES = 256 << 10;

/**
 * The source in pieces of a good size; the digest is checked before the last one is given. There are two buffers, in turn: a piece is
 * valid until the one after the next is asked for. With `start`, states of the digest come along.
 */
export async function* checkedPieces(
  { label, source, blobDigest, blobSize, signal, onProgress }: BlobSource,
  start: BlobStart | undefined,
): AsyncGenerator<BlobPiece, undefined> {
  const hash = blobDigest === undefined ? undefined : openDigest(blobDigest, start);
  let [current, other] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
  let used = 0;
  let total = start?.from ?? 0;
  let state = hash?.state();
  const take = (): BlobPiece => ({ bytes: current.subarray(0, used), at: total - used, state });
  for await (const chunk of source) {
    signal.throwIfAborted();
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a layer must come as bytes');
    if (blobSize !== undefined && total + chunk.length > blobSize)
      throw new IntegrityError(`${label}: the blob is larger than the ${blobSize} bytes it should have`);
    countGarbage(chunk.length);
    onProgress?.(total + chunk.length);
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(current, used, at);
      hash?.update(chunk.subarray(at, at + count));
      at += count;
      used += count;
      total += count;
      if (used < PIECE_BYTES) continue;
      yield take();
      [current, other] = [other, current];
      used = 0;
      state = hash?.state();
    }
  }
  signal.throwIfAborted();
  if (blobSize !== undefined && total !== blobSize)
    throw new IntegrityError(`${label}: the blob has ${total} bytes instead of ${blobSize}`);
  const found = hash?.digest();
  if (found !== blobDigest)
    throw new IntegrityError(`${label}: the blob's digest is ${found} instead of ${blobDigest}`);
  if (used > 0) yield take();
  return undefined;
}

interface Digester {
  update(bytes: Buffer): void;
  state(): Buffer | undefined;
  digest(): string;
}

/** Node's own is taken where nobody goes on with it. */
function openDigest(blobDigest: Digest, start: BlobStart | undefined): Digester {
  if (start !== undefined) {
    const system = syscalls();
    const hash = system.openHash(start.hash);
    return {
      update: (bytes) => system.hashUpdate(hash, bytes),
      state: () => system.hashState(hash),
      digest: () => `sha256:${system.hashDigest(hash).toString('hex')}`,
    };
  }
  const algorithm = blobDigest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    state: () => undefined,
    digest: () => `${algorithm}:${hash.digest('hex')}`,
  };
}
