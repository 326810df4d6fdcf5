import { parseDuration } from './durations.ts';
import { UsageError } from './errors.ts';

/** As podman's `--until` takes it, for which a duration counts from now on; else like `parsePastTime`, as docker has it for both. */
export function parseEnd(text: string, flag: string, now = Date.now()): Date {
  return DURATION.test(text)
    ? new Date(now + parseDuration(text, flag) / 1e6)
    : parsePastTime(text, flag, now);
}

const DURATION = /^[+-]?[\d.]+(h|m|s|ms|us|µs|ns)/;

/**
 * A point in time as `--since` and filters take it: a Go duration before now (`10m`, `1h30m`), a unix time with
 * fraction, or a date (RFC 3339, with or without zone, date alone). Throws UsageError naming the flag.
 */
export function parsePastTime(text: string, flag: string, now = Date.now()): Date {
  if (/^-?\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  if (DURATION.test(text)) return new Date(now - parseDuration(text, flag) / 1e6);
  const local = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:?\d{2})?$/.exec(
    text,
  );
  if (local?.[1] !== undefined) {
    const date = new Date(`${local[1]}T${local[2] ?? '00:00:00'}${local[3] ?? ''}`);
    if (!Number.isNaN(date.getTime())) return date;
  }
  throw new UsageError(`invalid value ${JSON.stringify(text)} for ${flag}: not a time and not a duration`, {
    hint: 'a date such as 2030-01-31T12:00:00Z, a unix time, or a duration such as 10m',
  });
}
