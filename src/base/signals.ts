import { constants } from 'node:os';
import { UsageError } from './errors.ts';

/** SIGRTMIN as the C library sees it; the first two are its own. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** `TERM`, `sigterm`, `15`, `SIGRTMIN+3` → number. Throws UsageError for anything else. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= SIGRTMAX) return number;
    throw new UsageError(`invalid signal: ${text}`);
  }
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const known = (constants.signals as Record<string, number>)[name];
  if (known !== undefined) return known;
  const realTime = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime !== null) {
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1);
    const number = (realTime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX) + offset;
    if (number >= SIGRTMIN && number <= SIGRTMAX) return number;
  }
  throw new UsageError(`invalid signal: ${text}`);
}

/** `SIGTERM` for 15; real-time ones relative to SIGRTMIN; the number itself when it has no name. */
export function signalName(number: number): string {
  names ??= new Map(
    Object.entries(constants.signals).flatMap(([name, value]) => (ALIASES.has(name) ? [] : [[value, name]])),
  );
  const name = names.get(number);
  if (name !== undefined) return name;
  if (number === SIGRTMIN) return 'SIGRTMIN';
  if (number > SIGRTMIN && number <= SIGRTMAX) return `SIGRTMIN+${number - SIGRTMIN}`;
  return String(number);
}

let names: Map<number, string> | undefined;
const ALIASES = new Set(['SIGIOT', 'SIGPOLL', 'SIGUNUSED']);
