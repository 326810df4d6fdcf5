import { IntegrityError } from '../../base/errors.ts';

export const BLOCK = 512;

/** Pulls chunks of a tar and hands them out as header blocks and pieces of content. */
export class TarSource {
  readonly #pull: () => Buffer | undefined;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #ended = false;

  /** `pull` gives the next chunk, which stays valid until the next call, or undefined at the end. */
  constructor(pull: () => Buffer | undefined) {
    this.#pull = pull;
  }

  /** The next 512 bytes, valid until the next call; undefined at the end. A shorter rest is an error. */
  block(): Buffer | undefined {
    if (!this.#fill()) return undefined;
    if (this.#chunk.length - this.#at >= BLOCK) {
      this.#at += BLOCK;
      return this.#chunk.subarray(this.#at - BLOCK, this.#at);
    }
    return this.bytes(BLOCK);
  }

  /** Exactly `count` bytes in memory of their own. */
  bytes(count: number): Buffer {
    const result = Buffer.allocUnsafe(count);
    for (let filled = 0; filled < count; ) {
      const part = this.some(count - filled);
      part.copy(result, filled);
      filled += part.length;
    }
    return result;
  }

  /** At least one byte and at most `limit`, valid until the next call. The end is an error here. */
  some(limit: number): Buffer {
    if (!this.#fill()) throw new IntegrityError('the archive ends in the middle of an entry');
    const end = Math.min(this.#chunk.length, this.#at + limit);
    const part = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** What is left of the current chunk, or a further one; undefined at the end. */
  rest(): Buffer | undefined {
    return this.#fill() ? this.some(Number.MAX_SAFE_INTEGER) : undefined;
  }

  #fill(): boolean {
    while (this.#at >= this.#chunk.length) {
      if (this.#ended) return false;
      const next = this.#pull();
      if (next === undefined) {
        this.#ended = true;
        return false;
      }
      this.#chunk = next;
      this.#at = 0;
    }
    return true;
  }
}
