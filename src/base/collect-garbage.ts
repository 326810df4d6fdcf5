import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collecting takes about a millisecond, or some ten for everything. */
const YOUNG_EVERY = 4 << 20;
const ALL_EVERY = 4;

type Collect = (options?: { type: 'minor' }) => void;

let collect: Collect | undefined;
let bytesSince = 0;
let turns = 0;

/**
 * To be told of buffers that came and went. To V8 they are tiny objects, and it lets some hundred megabytes of them gather before
 * it looks; this frees them early.
 */
export function countGarbage(bytes: number): void {
  bytesSince += bytes;
  if (bytesSince < YOUNG_EVERY) return;
  bytesSince = 0;
  collect ??= exposeCollector();
  turns += 1;
  if (turns % ALL_EVERY === 0) collect();
  else collect({ type: 'minor' });
}

/** For when nobody waits: everything at once. */
export function collectAll(): void {
  collect ??= exposeCollector();
  collect();
}

function exposeCollector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
