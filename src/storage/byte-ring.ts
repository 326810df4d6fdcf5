/**
 * A bounded queue of bytes between two threads. One thread fills it asynchronously (`RingWriter`), the other one takes chunks
 * synchronously (`RingReader`), so that unpacking can be written as straight-line code while decompression runs elsewhere.
 */
export interface RingMemory {
  control: SharedArrayBuffer;
  data: SharedArrayBuffer;
  marks: SharedArrayBuffer;
}

/** A multiple of tar's 512, so that headers do not straddle chunks. */
const SLOT_BYTES = 256 << 10;
const SLOTS = 4;

const FILLED = 0;
const TAKEN = 1;
const STATE = 2;
/** Counts events; what the reader sleeps on. */
const WAKE = 3;
const LENGTHS = 4;
/** Of the marks, in bytes since the stream's start. */
const WANTED = 0;
const REACHED = 1;

/** 0 while it is open. */
const ENDED = 1;
const ABORTED = 2;

export class RingAbortedError extends Error {}

export function createRing(): RingMemory {
  return {
    control: new SharedArrayBuffer(4 * (LENGTHS + SLOTS)),
    data: new SharedArrayBuffer(SLOT_BYTES * SLOTS),
    marks: new SharedArrayBuffer(16),
  };
}

/** The filling side. Reusable: `reset` before each stream, while the other side does not read. */
export class RingWriter {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #data: Buffer<SharedArrayBuffer>;
  readonly #marks: BigInt64Array<SharedArrayBuffer>;
  #used = 0;
  #discards = false;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#data = Buffer.from(memory.data);
    this.#marks = new BigInt64Array(memory.marks);
  }

  reset(): void {
    this.#control.fill(0);
    this.#marks.fill(0n);
    this.#used = 0;
    this.#discards = false;
  }

  /** Asks the other side to say when it is done with this many bytes. */
  want(bytes: number): void {
    Atomics.store(this.#marks, WANTED, BigInt(bytes));
  }

  /** With how many it has said so. */
  reached(): number {
    return Number(Atomics.load(this.#marks, REACHED));
  }

  /** Copies the bytes in; waits for room. Must not be called again before it has resolved. */
  async write(bytes: Buffer): Promise<void> {
    let offset = this.#copy(bytes, 0);
    while (offset < bytes.length) {
      await this.#room();
      offset = this.#copy(bytes, offset);
    }
  }

  /** What is free in the current slot; waits for room. The bytes put there count once `commit` is called. */
  async reserve(): Promise<Buffer> {
    await this.#room();
    const slot = (Atomics.load(this.#control, FILLED) % SLOTS) * SLOT_BYTES;
    return this.#data.subarray(slot + this.#used, slot + SLOT_BYTES);
  }

  /** `count` bytes of what `reserve` gave are filled. */
  commit(count: number): void {
    if (this.#discards) return;
    this.#used += count;
    if (this.#used === SLOT_BYTES) this.#publish();
  }

  /** Nothing more comes; the other side reads what is left. */
  async end(): Promise<void> {
    await this.#room();
    if (this.#used > 0) this.#publish();
    Atomics.store(this.#control, STATE, ENDED);
    this.#wakeReader();
  }

  /** The other side's next call throws RingAbortedError. */
  abort(): void {
    Atomics.store(this.#control, STATE, ABORTED);
    this.#wakeReader();
  }

  /** Nobody reads any more: what is and will be written is dropped, and whoever waits for room goes on. */
  discard(): void {
    this.#discards = true;
    Atomics.notify(this.#control, TAKEN);
  }

  #copy(bytes: Buffer, from: number): number {
    if (this.#discards) return bytes.length;
    let offset = from;
    while (offset < bytes.length && this.#hasRoom()) {
      const slot = (Atomics.load(this.#control, FILLED) % SLOTS) * SLOT_BYTES;
      const count = Math.min(SLOT_BYTES - this.#used, bytes.length - offset);
      bytes.copy(this.#data, slot + this.#used, offset, offset + count);
      offset += count;
      this.#used += count;
      if (this.#used === SLOT_BYTES) this.#publish();
    }
    return offset;
  }

  #publish(): void {
    const filled = Atomics.load(this.#control, FILLED);
    this.#control[LENGTHS + (filled % SLOTS)] = this.#used;
    this.#used = 0;
    Atomics.add(this.#control, FILLED, 1);
    this.#wakeReader();
  }

  #wakeReader(): void {
    Atomics.add(this.#control, WAKE, 1);
    Atomics.notify(this.#control, WAKE);
  }

  #hasRoom(): boolean {
    return this.#discards || Atomics.load(this.#control, FILLED) - Atomics.load(this.#control, TAKEN) < SLOTS;
  }

  async #room(): Promise<void> {
    while (!this.#hasRoom()) {
      const taken = Atomics.load(this.#control, TAKEN);
      if (this.#hasRoom()) return;
      await Atomics.waitAsync(this.#control, TAKEN, taken).value;
    }
  }
}

/** The taking side. */
export class RingReader {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #data: SharedArrayBuffer;
  readonly #marks: BigInt64Array<SharedArrayBuffer>;
  #holds = false;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#data = memory.data;
    this.#marks = new BigInt64Array(memory.marks);
  }

  wanted(): number {
    return Number(Atomics.load(this.#marks, WANTED));
  }

  reach(bytes: number): void {
    Atomics.store(this.#marks, REACHED, BigInt(bytes));
  }

  /** The next chunk, valid until the next call; undefined at the end. Blocks the thread. */
  next(): Buffer | undefined {
    if (this.#holds) this.#release();
    for (;;) {
      const wake = Atomics.load(this.#control, WAKE);
      const state = Atomics.load(this.#control, STATE);
      if (state === ABORTED) throw new RingAbortedError('aborted');
      const taken = Atomics.load(this.#control, TAKEN);
      if (taken < Atomics.load(this.#control, FILLED)) {
        const slot = taken % SLOTS;
        this.#holds = true;
        return Buffer.from(this.#data, slot * SLOT_BYTES, this.#control[LENGTHS + slot] ?? 0);
      }
      if (state === ENDED) return undefined;
      Atomics.wait(this.#control, WAKE, wake);
    }
  }

  #release(): void {
    this.#holds = false;
    Atomics.add(this.#control, TAKEN, 1);
    Atomics.notify(this.#control, TAKEN);
  }
}
