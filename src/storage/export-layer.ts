import { closeSync, readSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { IntegrityError } from '../base/errors.ts';
import {
  type ContentRecord,
  LAYER_REPAIR as REPAIR,
  LayerContent,
  type LayerFilesContext,
  layerRecords,
} from './layer-content.ts';
import { printablePath } from './unpack/entry-path.ts';

type Context = LayerFilesContext;

const CHUNK_BYTES = 1 << 20;

export interface LayerBlocks {
  id: string;
  diffId: string;
  /** Buffers to fill, all of one size. */
  take: () => Buffer;
}

/**
 * The layer's tar again, byte for byte. The digest is compared at the end: a layer that somebody has changed on disk makes the stream
 * fail with IntegrityError instead of ending.
 */
export function exportLayer(context: Context, id: string, diffId: string): Readable {
  const blocks = layerBlocks(context, { id, diffId, take: () => Buffer.allocUnsafeSlow(CHUNK_BYTES) });
  return Readable.from(blocks, { objectMode: false, highWaterMark: CHUNK_BYTES });
}

/** As exportLayer; each piece is valid until the next one is asked for. */
export function layerPieces(context: Context, id: string, diffId: string): Generator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return layerBlocks(context, { id, diffId, take: () => buffer });
}

/** As exportLayer, in buffers of the reader's, each filled but the last. */
export function* layerBlocks(context: Context, { id, diffId, take }: LayerBlocks): Generator<Buffer, void> {
  const hash = createHash('sha256');
  for (const block of filledBlocks(context, { id, take, from: 0, to: Number.POSITIVE_INFINITY })) {
    hash.update(block);
    yield block;
  }
  if (`sha256:${hash.digest('hex')}` !== diffId)
    throw new IntegrityError(
      `layer ${id} was changed on disk: its content no longer has the digest ${diffId}`,
      { hint: REPAIR },
    );
}

/**
 * Bytes `from` to `to` of the tar, of a layer that need not be complete; not checked, and fewer where a complete layer has no more. Each
 * piece is valid until the next one is asked for.
 */
export function layerRange(
  context: Context,
  range: { id: string; from: number; to: number },
): Generator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return filledBlocks(context, { ...range, take: () => buffer });
}

interface BlockRange {
  id: string;
  take: () => Buffer;
  from: number;
  to: number;
}

/** Files are read straight into the blocks. */
function* filledBlocks(context: Context, { id, take, from, to }: BlockRange): Generator<Buffer, void> {
  const content = new LayerContent(context, id);
  let block: Buffer | undefined;
  let used = 0;
  let open: { ordinal: number; fd: number } | undefined;
  const changed = (record: ContentRecord, how: string): IntegrityError =>
    new IntegrityError(`layer ${id} was changed on disk: ${printablePath(record.path)} is ${how}`, {
      hint: REPAIR,
    });
  const fileOf = (record: ContentRecord): number => {
    if (open?.ordinal === record.ordinal) return open.fd;
    if (open !== undefined) closeSync(open.fd);
    open = undefined;
    const fd = content.open(record);
    if (fd === undefined) throw changed(record, 'missing');
    open = { ordinal: record.ordinal, fd };
    return fd;
  };
  const readPart = (record: ContentRecord, done: number, into: Buffer): number => {
    const got = readSync(fileOf(record), into, 0, into.length, record.offset + done);
    if (got > 0) return got;
    throw changed(record, 'shorter');
  };
  try {
    let position = 0;
    for (const record of layerRecords(context, id)) {
      if (record.kind === 'end') continue;
      const size = record.kind === 'literal' ? record.bytes.length : record.size;
      const end = Math.min(size, to - position);
      for (let done = Math.max(0, from - position); done < end; ) {
        block ??= take();
        const room = block.subarray(used, used + end - done);
        const got =
          record.kind === 'literal' ? record.bytes.copy(room, 0, done) : readPart(record, done, room);
        done += got;
        used += got;
        if (used < block.length) continue;
        yield block;
        block = undefined;
        used = 0;
      }
      position += size;
      // What follows may be missing in a layer that is not complete.
      if (position >= to) break;
    }
    if (block !== undefined) yield block.subarray(0, used);
  } finally {
    if (open !== undefined) closeSync(open.fd);
    content.close();
  }
}
