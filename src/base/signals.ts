import { UsageError } from './errors.ts';

/** Linux has them in this order on all processors that tspod is built for. node:os, which tells too, takes a millisecond to load. */
const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
    .split(' ')
    .map((name) => `SIG${name}`);

const numbers = new Map(NAMES.map((name, index) => [name, index + 1]));
numbers.set('SIGIOT', signalNumber('SIGABRT')).set('SIGPOLL', signalNumber('SIGIO'));

/** SIGRTMIN as the C library sees it; the first two are its own. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Of a name as Node has it: `SIGTERM`; 0 for others. */
export function signalNumber(name: string): number {
  return numbers.get(name) ?? 0;
}

/** `TERM`, `sigterm`, `15`, `SIGRTMIN+3` → number. Throws UsageError for anything else. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= SIGRTMAX) return number;
    throw new UsageError(`invalid signal: ${text}`);
  }
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const known = numbers.get(name);
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
  const name = NAMES[number - 1];
  if (name !== undefined) return name;
  if (number === SIGRTMIN) return 'SIGRTMIN';
  if (number > SIGRTMIN && number <= SIGRTMAX) return `SIGRTMIN+${number - SIGRTMIN}`;
  return String(number);
}
