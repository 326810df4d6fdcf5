import { crc32 } from 'node:zlib';
import { crashPoint } from '../base/crash-point.ts';
import { IntegrityError } from '../base/errors.ts';
import type { RingWriter } from './byte-ring.ts';
import type { BlobPoint } from './checkpoint.ts';

/** Where checkpoints of one blob are kept. */
export interface CheckpointKeeper {
  /** Where an earlier attempt had got to, and the tar up to there again; each piece is valid until the next. */
  readonly resumed: { point: BlobPoint; tar: () => Iterable<Buffer> } | undefined;
  /** Bytes of the blob from one to the next. */
  readonly interval: number;
  /** Unpacking may go on at `point`. Of the tar before it, `have` bytes are on disk in the layer that is made now. */
  note(point: BlobPoint, have: number): Promise<void>;
}

/** How much of the tar is there twice, at least, while it is unpacked again. */
const SMALLEST_STEP = 8 << 20;
const STEPS = 64;

/** Decides when a checkpoint is due, and passes it on once the unpacking thread has come that far. One at a time. */
export class CheckpointTaker {
  readonly #keeper: CheckpointKeeper;
  readonly #ring: RingWriter;
  #pending: BlobPoint | undefined;
  #next: number;

  constructor(keeper: CheckpointKeeper, ring: RingWriter) {
    this.#keeper = keeper;
    this.#ring = ring;
    this.#next = keeper.interval;
  }

  isDue(packed: number): boolean {
    return this.#pending === undefined && packed >= this.#next;
  }

  take(point: BlobPoint): void {
    this.#pending = point;
    this.#next = point.packed + this.#keeper.interval;
    this.#ring.want(point.unpacked);
  }

  /** To be called now and then. */
  async settle(): Promise<void> {
    const point = this.#pending;
    if (point === undefined || this.#ring.reached() < point.unpacked) return;
    this.#pending = undefined;
    await this.#keeper.note(point, point.unpacked);
    crashPoint('checkpoint-taken');
  }

  /** Pours what an earlier attempt has unpacked into the ring. Throws IntegrityError when it is not what it was. */
  async replay(label: string, signal: AbortSignal): Promise<BlobPoint | undefined> {
    if (this.#keeper.resumed === undefined) return undefined;
    const { point, tar } = this.#keeper.resumed;
    const step = Math.max(SMALLEST_STEP, Math.ceil(point.unpacked / STEPS));
    let wanted = 0;
    let done = 0;
    let crc = 0;
    for (const bytes of tar()) {
      signal.throwIfAborted();
      crc = crc32(bytes, crc);
      await this.#ring.write(bytes);
      done += bytes.length;
      const have = this.#ring.reached();
      if (have < wanted) continue;
      if (wanted > 0) {
        await this.#keeper.note(point, have);
        crashPoint('checkpoint-replayed');
      }
      wanted = Math.min(have + step, point.unpacked);
      this.#ring.want(wanted);
    }
    if (done !== point.unpacked || crc !== point.crc)
      throw new IntegrityError(`${label}: what an earlier attempt has left of it is damaged`);
    this.take(point);
    return point;
  }
}
