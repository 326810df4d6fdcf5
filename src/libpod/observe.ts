import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatUtc, timestamp } from '../base/clock.ts';
import { exitDirectory, readExitRecord } from '../conmon/exit-record.ts';
import { readMonitorPid } from '../conmon/launch-monitor.ts';
import { bootId, isAlive, parseIdentity, startTimeOf } from '../native/process-identity.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { isMonitorOf } from './end-monitor.ts';
import { isFrozen } from './freezer.ts';
import { runtimeOf } from './runtime-of.ts';

/** Exit code shown where nobody learned the real one. */
export const LOST_EXIT_CODE = -1;

/**
 * The record as the facts have it now: a stored "running" counts only while its monitor of this boot (or, should the monitor have
 * been killed, the container's own process) lives. Reads only; settle.ts writes the difference down.
 */
export function observe(libpod: Libpod, record: ContainerRecord): ContainerRecord {
  switch (record.state) {
    case 'running':
    case 'paused':
    case 'stopping':
    case 'initialized':
      return observeProcess(libpod, record);
    case 'starting':
      return record.owner !== undefined && isAlive(parseIdentity(record.owner))
        ? record
        : observeAbandonedStart(libpod, record);
    default:
      return record;
  }
}

let parentWatches = false;

/** For what a monitor starts while its container runs: then our parent still watches. */
export function trustParentMonitor(): void {
  parentWatches = true;
}

/** True while the monitor that the record names is alive. Our own parent has nothing left to watch: we are its exit command. */
export function isMonitored(record: ContainerRecord): boolean {
  return (
    record.bootId === bootId() &&
    record.monitorPid !== undefined &&
    (parentWatches || record.monitorPid !== process.ppid) &&
    isAlive({ pid: record.monitorPid, startTime: record.monitorStart })
  );
}

/** True while the container's first process lives, monitored or not. */
function isProcessAlive(record: ContainerRecord): boolean {
  return (
    record.bootId === bootId() &&
    record.pid !== undefined &&
    isAlive({ pid: record.pid, startTime: record.facts.pidStart })
  );
}

/** A restart by policy, or a restore, was killed before the program ran: the container is as it was before. */
export function isInterruptedReturn(stored: ContainerRecord, now: ContainerRecord): boolean {
  const { restart, restoring } = now.facts;
  return stored.state === 'starting' && now.state === 'exited' && (restoring ?? restart) !== undefined;
}

/** True while a transient state's owner is alive, so that nobody else may finish its work. */
export function hasOwner(record: ContainerRecord): boolean {
  return record.owner !== undefined && isAlive(parseIdentity(record.owner));
}

function observeProcess(libpod: Libpod, record: ContainerRecord): ContainerRecord {
  if (isProcessAlive(record)) {
    if (record.state === 'initialized' || record.owner === undefined || hasOwner(record)) return record;
    // A stop that was killed half way has stopped nothing; what a pause or its end came to do, the freezer knows.
    const state = record.pid !== undefined && isFrozen(record.pid) ? 'paused' : 'running';
    return { ...record, state, owner: undefined };
  }
  const ended = endedRecord(libpod, record);
  if (ended !== undefined) return ended;
  // It has ended, and its monitor is about to say how.
  if (isMonitored(record)) return record;
  if (record.state === 'initialized') return { ...record, state: 'created', pid: undefined };
  return lostRecord(record);
}

/** The starter is dead. If the monitor got as far as a running container, adopt it; if it left an exit, take that. */
function observeAbandonedStart(libpod: Libpod, record: ContainerRecord): ContainerRecord {
  const { bundle } = containerPaths(libpod.paths, record.id);
  const ended = endedRecord(libpod, record);
  if (ended !== undefined) return ended;
  const monitorPid = readMonitorPid(bundle.monitorPidFile);
  const pid = readMonitorPid(bundle.pidFile);
  const { restart: _under, restoring, ...facts } = record.facts;
  if (record.bootId === bootId() && monitorPid !== undefined && pid !== undefined) {
    const monitorStart = isMonitorOf(monitorPid, record.id) ? startTimeOf(monitorPid) : undefined;
    const pidStart = startTimeOf(pid);
    if (monitorStart !== undefined && pidStart !== undefined && hasStarted(libpod, record, pid)) {
      return {
        ...record,
        state: 'running',
        pid,
        monitorPid,
        monitorStart,
        startedAt: changeTime(bundle.pidFile),
        exitCode: undefined,
        exitLost: false,
        oomKilled: false,
        error: '',
        ...(restoring ? { checkpoint: { restoredAt: timestamp() } } : {}),
        facts: { ...facts, pidStart },
      };
    }
  }
  // Still due, or still to be restored.
  if ((restoring ?? record.facts.restart) !== undefined)
    return { ...record, state: 'exited', pid: undefined };
  return {
    ...record,
    state: 'created',
    pid: undefined,
    error: record.error || 'the process that started it was killed',
  };
}

/** Until `start`, runc and crun keep a fifo in their state directory on which the container's first process waits. */
function hasStarted(libpod: Libpod, record: ContainerRecord, pid: number): boolean {
  if (existsSync(join(runtimeOf(libpod, record).stateRoot, record.id, 'exec.fifo'))) return false;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return !(words[1] === 'init' && /runc|crun|runsc/.test(words[0] ?? ''));
  } catch {
    return false;
  }
}

function endedRecord(libpod: Libpod, record: ContainerRecord): ContainerRecord | undefined {
  const { bundle } = containerPaths(libpod.paths, record.id);
  const exit = readExitRecord(libpod.paths.runRoot, record.id, bundle.bundle);
  if (exit === undefined) return undefined;
  const { restart: _done, restoring: _too, ...facts } = record.facts;
  return {
    ...record,
    state: 'exited',
    facts,
    exitCode: exit.exitCode,
    exitLost: false,
    oomKilled: exit.oomKilled,
    pid: undefined,
    finishedAt: exitTime(libpod, record.id),
  };
}

function lostRecord(record: ContainerRecord): ContainerRecord {
  return {
    ...record,
    state: 'exited',
    exitCode: LOST_EXIT_CODE,
    exitLost: true,
    pid: undefined,
    error: `exit code lost: ${whyLost(record)}`,
    finishedAt: timestamp(),
  };
}

function whyLost(record: ContainerRecord): string {
  if (record.bootId !== bootId()) return 'the host was restarted';
  // We are its exit command.
  return record.monitorPid === process.ppid ? 'it could not be written down' : 'the monitor was killed';
}

function exitTime(libpod: Libpod, id: string): string {
  return changeTime(join(exitDirectory(libpod.paths.runRoot), id));
}

/** Of what is not there: now. */
function changeTime(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? timestamp() : `${formatUtc(Math.floor(stat.mtimeMs))}Z`;
}
