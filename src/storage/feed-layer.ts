import { crc32 } from 'node:zlib';
import { IntegrityError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import { type BlobPiece, type BlobSource, checkedPieces } from './blob-pieces.ts';
import type { RingWriter } from './byte-ring.ts';
import type { BlobPoint } from './checkpoint.ts';
import { type CheckpointKeeper, CheckpointTaker } from './checkpoint-taker.ts';
import type { LayerCompression } from './store.ts';
import type { UnpackGuard } from './unpack-limit.ts';

export interface FeedOptions extends BlobSource {
  compression: LayerCompression | 'detect';
  guard: UnpackGuard;
  /** With one that has something to go on with, `source` gives the blob from there only. Absent: nobody will go on. */
  keeper?: CheckpointKeeper | undefined;
}

/** Takes one piece after the other; nothing says that the stream ends. */
type Pour = (piece?: BlobPiece) => Promise<void>;

interface PourContext {
  options: FeedOptions;
  ring: RingWriter;
  taker: CheckpointTaker | undefined;
  resumed: BlobPoint | undefined;
}

/**
 * Pours `source` into the ring, decompressed, and ends the ring. Decompression runs on libuv's threads, the digest of what comes in is
 * taken here. Throws when the stream fails, is damaged, or is not what its digest and size say; the ring is then left as it is.
 */
export async function feedLayer(options: FeedOptions, ring: RingWriter): Promise<void> {
  const { keeper, label, signal } = options;
  const taker = keeper === undefined ? undefined : new CheckpointTaker(keeper, ring);
  const resumed = await taker?.replay(label, signal);
  const pieces = checkedPieces(options, keeper && (resumed ?? { from: 0, hash: Buffer.alloc(0) }));
  let coming = pieces.next();
  const { value: first } = await coming;
  const pour = pourer({ options, ring, taker, resumed }, first?.bytes ?? Buffer.alloc(0));
  for (;;) {
    const { value: piece } = await coming;
    if (piece === undefined) break;
    // Reading and hashing go on meanwhile.
    coming = pieces.next();
    coming.catch(() => {});
    await pour(piece);
  }
  await pour();
  await ring.end();
}

/** By the first bytes; anything unknown is taken for a plain tar. */
export function detectCompression(start: Buffer): LayerCompression {
  if (start.length >= 2 && start.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return 'none';
}

function pourer(context: PourContext, start: Buffer): Pour {
  const { options, resumed } = context;
  const told = options.compression === 'detect' ? detectCompression(start) : options.compression;
  const compression = resumed?.compression ?? told;
  if (compression === 'none') return copying(context);
  // A frame of zstd can only be taken up at its beginning, and is mostly the whole blob.
  return inflating(compression === 'zstd' ? { ...context, taker: undefined } : context, compression);
}

function copying({ ring, taker, resumed }: PourContext): Pour {
  let taken = resumed?.packed ?? 0;
  let crc = resumed?.crc ?? 0;
  return async (piece) => {
    if (piece === undefined) return;
    const bytes = piece.bytes.subarray(taken - piece.at);
    if (taker?.isDue(taken) === true && piece.state !== undefined)
      taker.take({
        compression: 'none',
        from: piece.at,
        hash: piece.state,
        packed: taken,
        mark: Buffer.alloc(0),
        unpacked: taken,
        crc,
      });
    if (taker !== undefined) crc = crc32(bytes, crc);
    await ring.write(bytes);
    taken += bytes.length;
    await taker?.settle();
  };
}

/** Decompresses straight into the ring. */
function inflating({ options, ring, taker, resumed }: PourContext, compression: 'gzip' | 'zstd'): Pour {
  const { label, guard } = options;
  const inflater =
    resumed === undefined ? syscalls().openInflater(compression) : syscalls().resumeInflater(resumed.mark);
  const damaged = (problem: string): IntegrityError =>
    new IntegrityError(`${label}: the ${compression} stream is damaged: ${problem}`);
  let isWhole = resumed === undefined;
  let [taken, given] = [resumed?.packed ?? 0, resumed?.unpacked ?? 0];
  return async (piece) => {
    if (piece === undefined) {
      if (!isWhole) throw damaged('it ends too early');
      return;
    }
    const { bytes, at, state } = piece;
    for (;;) {
      const room = await ring.reserve();
      const isDue = state !== undefined && taker?.isDue(taken) === true;
      const part = await syscalls().inflateInto(inflater, bytes.subarray(taken - at), room, isDue);
      ring.commit(part.written);
      taken += part.read;
      given += part.written;
      guard(taken, given);
      isWhole = part.isBetween;
      if (part.problem !== undefined) throw damaged(part.problem);
      const { mark } = part;
      if (mark !== undefined && state !== undefined && compression === 'gzip')
        taker?.take({
          ...{ compression, from: at, hash: state, packed: taken, mark, unpacked: given },
          crc: crcOfMark(mark),
        });
      await taker?.settle();
      // A full room may hide that more is waiting.
      if (taken === at + bytes.length && part.written < room.length) return;
    }
  };
}

/** Of everything that came out before it. */
function crcOfMark(mark: Buffer): number {
  return mark.readUInt32LE(2);
}
