import { readFileSync, readlinkSync } from 'node:fs';
import { errnoOf, UnsupportedError } from '../base/errors.ts';
import { syscalls } from './linux.ts';

/**
 * A pid alone may be reused; together with the start time (clock ticks since boot, in decimal) it is unique until the next
 * boot.
 */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

interface ProcessStat {
  state: string;
  startTime: string;
}

/** Undefined when there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime };
}

export function startTimeOf(pid: number): string | undefined {
  return readStat(pid)?.startTime;
}

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= identifyProcess(process.pid);
  if (own === undefined) throw new UnsupportedError('/proc is not mounted, or shows another pid namespace');
  return own;
}

/** `PID:START:BOOT`, to be stored and given to parseIdentity later, maybe after a reboot. */
export function formatIdentity(identity: ProcessIdentity): string {
  return `${identity.pid}:${identity.startTime}:${bootId()}`;
}

/** Undefined when the text is malformed or from another boot: nobody of then is alive. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(\d+):(\d+):(.+)$/.exec(text);
  if (match?.[2] === undefined || match[3] !== bootId()) return undefined;
  return { pid: Number(match[1]), startTime: match[2] };
}

/** False also for a zombie: it has ended, only its parent has not asked yet. */
export function isAlive(identity: { pid: number; startTime: string | undefined } | undefined): boolean {
  if (identity?.startTime === undefined) return false;
  const stat = readStat(identity.pid);
  return (
    stat !== undefined && stat.startTime === identity.startTime && stat.state !== 'Z' && stat.state !== 'X'
  );
}

/** By a signal or a debugger. */
export function isStopped(pid: number): boolean {
  return /^[Tt]$/.test(readStat(pid)?.state ?? '');
}

const MAX_PID = 0x7fff_ffff;

let knownBootId: string | undefined;

/** Differs after every boot of the machine. */
export function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

function readStat(pid: number): ProcessStat | undefined {
  if (!Number.isInteger(pid) || pid <= 0 || pid > MAX_PID) return undefined;
  const text = syscalls().processStart(pid);
  return text === undefined ? undefined : { state: text.charAt(0), startTime: text.slice(1) };
}

/**
 * Whether the process has begun to exit: it gives its namespaces up some time before it is gone, and nobody can join them any more
 * while all else still shows it alive.
 */
export function isEnding(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    readlinkSync(`/proc/${pid}/ns/mnt`);
    return false;
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '');
  }
}
