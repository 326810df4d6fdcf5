import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicMs } from './clock.ts';

const LONGEST_MS = 20;

/**
 * To be asked between the pieces of long work on files: what it returns now and then is to be awaited, so that other requests of this
 * process do not wait for the end of it.
 */
export function turns(): () => Promise<void> | undefined {
  let since = monotonicMs();
  return () => {
    if (monotonicMs() - since < LONGEST_MS) return undefined;
    return nextTurn().then(() => {
      since = monotonicMs();
    });
  };
}
