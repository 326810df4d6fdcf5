import { UsageError } from './errors.ts';

const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's duration syntax (`1h2m3.5s`, `300ms`, `0`) to nanoseconds. Throws UsageError naming `what`. */
export function parseDuration(text: string, what: string): number {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (/^[+-]?0$/.test(text)) return 0;
  if (match === null) throw new UsageError(`invalid ${what} "${text}": not a duration such as 30s or 1m30s`);
  let total = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(part[1]) * (NANOSECONDS[part[2] ?? 's'] ?? 0);
  if (!Number.isSafeInteger(Math.round(total))) throw new UsageError(`invalid ${what} "${text}": too long`);
  return match[1] === '-' ? -Math.round(total) : Math.round(total);
}
