import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Digest } from '../base/ids.ts';
import type { LayerRecord, Store } from '../storage/store.ts';
import { type BlobCompression, compressBlocks } from './compress-blocks.ts';

export interface LayerBlob {
  /** The blob's bytes; made once, read once. */
  stream: Readable;
  /** What was read so far; the blob's own digest and size once the stream has ended. */
  measure(): { digest: Digest; size: number };
}

export interface BlobWish {
  compression: BlobCompression;
  level?: number | undefined;
  /** Called with the bytes of the tar taken in so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

const READ_AHEAD = 1 << 20;
const BLOCK_BYTES = 1 << 20;

/** The blob of a stored layer, packed while it is read: layers are stored unpacked, without it. */
export function layerBlob(store: Store, layer: LayerRecord, wish: BlobWish): LayerBlob {
  const hash = createHash('sha256');
  let size = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    // Without compression the blocks themselves go out, and nobody knows when they have gone.
    const free: Buffer[] = [];
    const take = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const done = (block: Buffer): void => {
      if (block.length === BLOCK_BYTES) free.push(block);
    };
    const tar = countedBytes(store.layers.exportBlocks(layer.id, take), wish.onProgress);
    for await (const chunk of compressBlocks(tar, { ...wish, done })) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  return {
    stream: Readable.from(measured(), { objectMode: false, highWaterMark: READ_AHEAD }),
    measure: () => ({ digest: `sha256:${hash.copy().digest('hex')}`, size }),
  };
}

/** Hands the bytes on and tells how many there were so far. */
export async function* countedBytes(
  tar: AsyncIterable<Buffer>,
  onProgress: BlobWish['onProgress'],
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of tar) {
    bytes += chunk.length;
    onProgress?.(bytes);
    yield chunk;
  }
}
