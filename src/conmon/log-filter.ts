import type { LogEntry } from './log-entry.ts';
import { timeOf } from './log-time.ts';

export interface LogRange {
  /** Milliseconds; only what was logged after it. */
  since: number | undefined;
  /** Milliseconds; only what was logged before it. */
  until: number | undefined;
  /** So many lines of each stream (index 1 and 2) are passed over first. */
  skip: readonly [number, number, number];
}

/** Lets through the entries of whole lines that lie in the range; the first part of a line decides for all of it. */
export function filterEntries(
  range: LogRange,
  deliver: (entry: LogEntry) => void,
): (entry: LogEntry) => void {
  const { since, until } = range;
  const skip = [...range.skip];
  if (since === undefined && until === undefined && skip.every((count) => count === 0)) return deliver;
  const goesOn = [false, false, false];
  const wanted = [true, true, true];
  return (entry) => {
    const { stream, complete } = entry;
    const left = skip[stream] ?? 0;
    if (left > 0) {
      if (complete) skip[stream] = left - 1;
      return;
    }
    if (!goesOn[stream]) wanted[stream] = isWithin(entry, since, until);
    goesOn[stream] = !complete;
    if (wanted[stream]) deliver(entry);
  };
}

function isWithin(entry: LogEntry, since: number | undefined, until: number | undefined): boolean {
  if (since === undefined && until === undefined) return true;
  const time = timeOf(entry);
  return (since === undefined || time > since) && (until === undefined || time < until);
}
