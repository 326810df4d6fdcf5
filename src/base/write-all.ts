import { writeSync } from 'node:fs';
import { errnoOf } from './errors.ts';

const RETRY_MS = 2;

/**
 * All of it, before it returns: a slow reader holds the program back. Straight to the descriptor, as the streams of the runtimes differ in
 * what they have written when the process ends. Throws what writing throws.
 */
export function writeAll(fd: number, data: string | Uint8Array): void {
  let rest: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      // The descriptor is shared with someone who made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
