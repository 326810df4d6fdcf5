import { parsePastTime } from '../base/past-time.ts';
import type { LogEntry } from './log-entry.ts';

const FRACTION_DIGITS = 9;

/** `2026-01-02T03:04:05.000000006Z`: always nine digits, in the zone that the log has. */
export function timeText(entry: LogEntry): string {
  const text = entry.bytes.toString('latin1', entry.timeStart, entry.timeEnd);
  const match = /^(.{19})(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return text;
  const zone = match[3] === '+00:00' ? 'Z' : match[3];
  return `${match[1]}.${(match[2] ?? '').padEnd(FRACTION_DIGITS, '0')}${zone}`;
}

/** Milliseconds since 1970 with fraction, exact to a quarter of a microsecond; NaN when the log has no valid time. */
export function timeOf(entry: LogEntry): number {
  return millisecondsOf(entry.bytes.toString('latin1', entry.timeStart, entry.timeEnd));
}

/** The same for what `--since` and `--until` take, as `parse` does: printed times find their own lines again. Throws UsageError. */
export function parseLogTime(text: string, flag: string, parse = parsePastTime): number {
  const exact = millisecondsOf(text);
  if (!Number.isNaN(exact)) return exact;
  const date = parse(text, flag).getTime();
  const fraction = /^\d+(\.\d+)$/.exec(text)?.[1];
  return fraction === undefined ? date : Math.floor(date / 1000) * 1000 + Number(fraction) * 1000;
}

function millisecondsOf(text: string): number {
  if (text.charCodeAt(19) !== 0x2e)
    return /^.{19}(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  let end = 20;
  let fraction = 0;
  let unit = 100;
  for (let digit = text.charCodeAt(end) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(end) - 48) {
    fraction += digit * unit;
    unit /= 10;
    end++;
  }
  const zone = text.slice(end);
  if (zone !== 'Z' && !/^[+-]\d\d:\d\d$/.test(zone)) return Number.NaN;
  return wholeSeconds(text.slice(0, 19), zone) + fraction;
}

let knownText = '';
let knownZone = '';
let known = Number.NaN;

/** Many lines share a second. */
function wholeSeconds(text: string, zone: string): number {
  if (text !== knownText || zone !== knownZone) {
    known = Date.parse(`${text}${zone}`);
    knownText = text;
    knownZone = zone;
  }
  return known;
}
