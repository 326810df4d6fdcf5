import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import { ConflictError, WrongStateError } from '../base/errors.ts';
import { formatIdentity, isAlive, ownIdentity } from '../native/process-identity.ts';
import { resumeContainer } from '../oci/runtime-client.ts';
import { allowReserve, transaction } from '../state/db.ts';
import { recordEvent, STOP_SIGNAL } from '../state/events.ts';
import { promiseCleanup } from './cleanup-promise.ts';
import { type ContainerRecord, getContainer, updateContainer } from './container.ts';
import { lockContainer, lockForRemoval } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { endMonitor } from './end-monitor.ts';
import { thaw } from './freezer.ts';
import { isMonitored, observe } from './observe.ts';
import { endRestartWait, isRestarting } from './restart-policy.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle, settlePods } from './settle.ts';
import { recordSignal, sendSignal } from './signal.ts';
import { changeState } from './state-change.ts';

export interface StopOptions {
  /** Seconds before SIGKILL; default: the container's own. */
  timeout?: number;
  /** Instead of the container's stop signal. */
  signal?: number;
  /** A paused one may be stopped, and it is no error when it does not run. */
  forRemoval?: boolean;
  /** Its pod is being removed too: no infra container is stopped for its removal otherwise. */
  withPod?: boolean;
  /** It will be started again: not a stop by the user. A container that never ran is fine. */
  forRestart?: boolean;
  /** The host goes down: the container is to be there again after the boot. */
  byHost?: boolean;
}

/** The kernel does not end its process: trying again is of no use. */
export class SurvivesError extends WrongStateError {}

const SIGKILL = 9;
/** How long the kernel may take to end a process after SIGKILL (uninterruptible sleep) before we give up. */
const KILL_WAIT_MS = 60_000;
/** After this long it is thawed, in case it is frozen. */
const FROZEN_WAIT_MS = 2_000;
/** How long the monitor may take to write the exit file after the process has gone. */
const REPORT_WAIT_MS = 30_000;
/** After this long somebody may have stopped the monitor. */
const SILENCE_MS = 200;
/** Between process end and exit file there are well under a millisecond of work. */
const POLL_MS = 2;
const SLOW_POLL_MS = 50;

/**
 * Sends the stop signal, waits, sends SIGKILL, and leaves the container settled (exited, or gone with --rm).
 * Idempotent: a container that does not run is fine. WrongStateError for a paused one unless `forRemoval`.
 */
export async function stopContainer(libpod: Libpod, id: string, options: StopOptions = {}): Promise<void> {
  allowReserve(libpod.db);
  const record = await beginStop(libpod, id, options);
  if (record === undefined) return;
  crashPoint('stop-after-mark');
  // At the end of the host nobody but the monitor knows whether there is a restart to be planned.
  const promise = options.byHost ? undefined : promiseCleanup(libpod, record);
  try {
    await endProgram(libpod, record, options);
    await finishStop(libpod, record);
    crashPoint('stop-before-kept');
    promise?.keep();
  } finally {
    promise?.release();
  }
  await settlePods(libpod);
}

async function endProgram(libpod: Libpod, record: ContainerRecord, options: StopOptions): Promise<void> {
  const { signal, patience } = firstSignal(record, options);
  const hasEnded = async (timeoutMs: number): Promise<boolean> =>
    (await waitForEnd(libpod, record, timeoutMs)) || !isProgramAlive(record);
  if (patience > 0) {
    await trySignal(libpod, record, signal);
    if (await hasEnded(patience * 1000)) return;
    transaction(libpod.db, () => recordSignal(libpod, record, SIGKILL, STOP_SIGNAL), false);
  }
  await trySignal(libpod, record, SIGKILL);
  if (record.state === 'paused') await resume(libpod, record);
  let ended = await hasEnded(FROZEN_WAIT_MS);
  if (!ended) {
    // Frozen without our knowing: by the runtime's own command line, or by a stop of a paused one that was killed.
    await resume(libpod, record);
    ended = await hasEnded(KILL_WAIT_MS);
  }
  if (!ended) {
    throw new SurvivesError(
      `cannot stop container ${record.name}: its process ${record.pid} survives SIGKILL`,
    );
  }
}

/** And the seconds that the program gets to end by it. A process that a freezer holds gets no signal but SIGKILL. */
function firstSignal(
  { state, spec }: ContainerRecord,
  options: StopOptions,
): { signal: number; patience: number } {
  const patience = state === 'paused' ? 0 : (options.timeout ?? spec.stopTimeout);
  return { signal: patience > 0 ? (options.signal ?? spec.stopSignal) : SIGKILL, patience };
}

/** Marks it as being stopped by the user, so that no restart policy brings it back. Undefined: nothing to stop. */
async function beginStop(
  libpod: Libpod,
  id: string,
  options: StopOptions,
): Promise<ContainerRecord | undefined> {
  const lock = await (options.forRemoval ? lockForRemoval : lockContainer)(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) return undefined;
    if (options.forRemoval && !options.withPod && record.spec.podRole === 'infra') throw isOfPod(record);
    if (record.state === 'paused' && !options.forRemoval) {
      throw new WrongStateError(`container ${record.id} is paused: cannot stop it: container state improper`);
    }
    if (record.state === 'created' && !options.forRemoval) return undefined;
    if (record.state === 'initialized') {
      await trySignal(libpod, record, SIGKILL);
      return record;
    }
    if (!['running', 'stopping', 'paused'].includes(record.state)) {
      if (record.state !== 'exited') return undefined;
      const waited = isRestarting(libpod, record);
      if (options.byHost !== true) updateContainer(libpod.db, id, { stoppedByUser: true, facts: {} });
      if (waited) transaction(libpod.db, () => recordStop(libpod, record), false);
      await endRestartWait(libpod, record);
      return undefined;
    }
    changeState(libpod, id, 'begin-stop', {
      changes: {
        stoppedByUser: options.byHost !== true,
        owner: formatIdentity(ownIdentity()),
        ...(options.forRestart ? { facts: { ...record.facts, restarting: true } } : {}),
      },
      // That it has stopped is told when it has: settle.ts.
      events: [STOP_SIGNAL],
      eventAttributes: { signal: String(firstSignal(record, options).signal) },
    });
    return record;
  } finally {
    lock.release();
  }
}

/** Of one that had ended already, and waited to be started again. */
function recordStop({ db }: Libpod, { id, name, spec, imageName }: ContainerRecord): void {
  const attributes = { ...spec.labels, image: imageName };
  recordEvent(db, { kind: 'container', action: 'stop', objectId: id, name, attributes });
}

export function isOfPod({ id, podId }: ContainerRecord): ConflictError {
  return new ConflictError(
    `container ${id} is the infra container of pod ${podId} and cannot be removed without removing the pod`,
    { hint: `remove the pod: tspod pod rm ${podId?.slice(0, 12)}` },
  );
}

/** Whoever comes first settles: we, or the monitor's exit command. */
async function finishStop(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const lock = await lockContainer(libpod, record.id);
  try {
    if (isSilent(libpod, record)) await endMonitor(libpod, record.id);
    await settle(libpod, record.id);
  } finally {
    lock.release();
  }
}

/** The program has ended, but its monitor does not say so, not even after it was told to go on: nobody will learn the exit code. */
function isSilent(libpod: Libpod, { id, monitorPid, monitorStart }: ContainerRecord): boolean {
  const now = getContainer(libpod.db, id);
  // It may have been settled, and started again, since.
  const isSame = now?.monitorPid === monitorPid && now?.monitorStart === monitorStart;
  if (now?.state !== 'stopping' || !isSame || isProgramAlive(now)) return false;
  return isMonitored(now) && observe(libpod, now).state !== 'exited';
}

async function trySignal(libpod: Libpod, record: ContainerRecord, signal: number): Promise<void> {
  try {
    await sendSignal(libpod, record, signal);
    crashPoint('stop-after-signal');
  } catch (error) {
    const now = getContainer(libpod.db, record.id);
    if (now !== undefined && isRunning(libpod, now)) throw error;
  }
}

async function resume(libpod: Libpod, record: ContainerRecord): Promise<void> {
  try {
    await resumeContainer(runtimeOf(libpod, record), record.id);
  } catch {
    // SIGKILL alone may have ended it already (cgroup v2).
    if (record.pid !== undefined && isProgramAlive(record)) thaw(record.pid);
  }
}

function isRunning(libpod: Libpod, record: ContainerRecord): boolean {
  return ['running', 'paused', 'stopping', 'initialized'].includes(observe(libpod, record).state);
}

/**
 * True when the container has ended and its monitor has reported it (or is dead itself). One that somebody has stopped is told to
 * go on.
 */
export async function waitForEnd(
  libpod: Libpod,
  record: ContainerRecord,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = monotonicMs() + timeoutMs;
  const { pid } = record;
  if (pid !== undefined && isProgramAlive(record) && !(await waitForProcess(libpod, pid, timeoutMs)))
    return false;
  // The exit file comes right after; the monitor itself stays until its exit command is done, which may need our lock.
  const ended = monotonicMs();
  const reportDeadline = Math.max(deadline, ended + REPORT_WAIT_MS);
  for (let isWoken = false; isMonitored(record) && !hasExitRecord(libpod, record); ) {
    const now = monotonicMs();
    if (now > reportDeadline) return false;
    if (!isWoken && now - ended > SILENCE_MS) {
      wake(record);
      isWoken = true;
    }
    await delay(isWoken ? SLOW_POLL_MS : POLL_MS);
  }
  return true;
}

function isProgramAlive({ pid, facts }: ContainerRecord): boolean {
  return pid !== undefined && isAlive({ pid, startTime: facts.pidStart });
}

function wake({ monitorPid }: ContainerRecord): void {
  try {
    if (monitorPid !== undefined) process.kill(monitorPid, 'SIGCONT');
  } catch {
    // Gone since.
  }
}

async function waitForProcess(libpod: Libpod, pid: number, timeoutMs: number): Promise<boolean> {
  let pidfd: number;
  try {
    pidfd = libpod.syscalls.pidfdOpen(pid);
  } catch {
    return true;
  }
  try {
    return await libpod.syscalls.pidfdWait(pidfd, timeoutMs);
  } finally {
    closeSync(pidfd);
  }
}

function hasExitRecord(libpod: Libpod, record: ContainerRecord): boolean {
  const now = getContainer(libpod.db, record.id);
  return now === undefined || observe(libpod, now).state === 'exited';
}
