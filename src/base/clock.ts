/*
 * Times without node:perf_hooks: what the global `performance` loads when it is first touched costs a short command several
 * milliseconds.
 */

/** Milliseconds of a clock that nobody sets, for deadlines. */
export function monotonicMs(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6;
}

let last = { milliseconds: 0, seenAt: 0 };

/** Now, RFC 3339 in UTC with nanoseconds (Go's time.RFC3339Nano), sortable as text; later calls give later times. */
export function timestamp(): string {
  const milliseconds = Date.now();
  const at = monotonicMs();
  if (milliseconds !== last.milliseconds) last = { milliseconds, seenAt: at };
  // The wall clock counts whole milliseconds here; what has passed since it was first seen at this one comes on top.
  const nanos = Math.min(Math.floor((at - last.seenAt) * 1e6), 999_999);
  return `${formatUtc(milliseconds)}${digits(nanos, 6)}Z`;
}

const DAY_MS = 86_400_000;
/** Years of 400 have one number of days, if they begin with the day after a leap day: 1 March. */
const ERA_DAYS = 146_097;
const DAYS_FROM_ERA_TO_1970 = 719_468;

/**
 * `2030-01-31T12:00:00.123`, as toISOString writes it, for the years 0 to 9999. The first Date of a process that is asked for more
 * than its number makes V8 find out the time zone.
 */
export function formatUtc(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY_MS);
  const rest = milliseconds - days * DAY_MS;
  const sinceEra = days + DAYS_FROM_ERA_TO_1970;
  const era = Math.floor(sinceEra / ERA_DAYS);
  const day = sinceEra - era * ERA_DAYS;
  // Without the leap days before it: one every 4 years, but not every 100, and the very last.
  const leaps = Math.floor(day / 1460) - Math.floor(day / 36_524) + Math.floor(day / (ERA_DAYS - 1));
  const year = Math.floor((day - leaps) / 365);
  const dayOfYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  // Months from March have 153 days in five.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const calendarMonth = month < 10 ? month + 3 : month - 9;
  const calendarYear = year + era * 400 + (calendarMonth <= 2 ? 1 : 0);
  const date = `${digits(calendarYear, 4)}-${digits(calendarMonth, 2)}-${digits(dayOfMonth, 2)}`;
  const seconds = Math.floor(rest / 1000);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${date}T${time.map((part) => digits(part, 2)).join(':')}.${digits(rest % 1000, 3)}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
