import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Paths } from '../base/paths.ts';
import { killProcess } from '../native/kill-process.ts';
import { bootId } from '../native/process-identity.ts';
import type { ContainerRecord, DueRestart } from './container.ts';
import type { Libpod } from './context.ts';
import { isMonitored } from './observe.ts';

/** Docker's back-off between restarts: doubled each time, starting anew once a run lasted ten seconds. */
const FIRST_DELAY_MS = 100;
export const LONGEST_DELAY_MS = 60_000;
const GOOD_RUN_MS = 10_000;
/** A longer wait is left to the monitor, which costs a hundredth of the memory. */
export const LONGEST_OWN_WAIT_MS = 500;
const WAIT_MS = 5_000;

/** What its policy plans after the end of the container that has just been recorded. */
export function planRestart(
  libpod: Pick<Libpod, 'paths'>,
  record: ContainerRecord,
  quickRestarts = record.restartCount,
): DueRestart | undefined {
  if (!wantsRestart(record) || !mayRestart(libpod, record)) return undefined;
  const isGood = isGoodRun(record);
  const delay = FIRST_DELAY_MS * 2 ** Math.min(isGood ? 0 : quickRestarts, 20);
  return {
    at: Date.parse(record.finishedAt ?? '') + Math.min(delay, LONGEST_DELAY_MS),
    count: record.restartCount + 1,
    quickRestarts: isGood ? 1 : quickRestarts + 1,
  };
}

function wantsRestart(record: ContainerRecord): boolean {
  const { name, maximumRetryCount } = record.spec.restart;
  if (name === 'always' || name === 'unless-stopped') return true;
  // Of one whose exit code nobody knows, nobody knows that it has failed.
  if (name === 'no' || record.exitLost || record.exitCode === 0) return false;
  return maximumRetryCount === 0 || record.restartCount < maximumRetryCount;
}

/** After a boot there are others who start it: boot.ts. */
function mayRestart(
  libpod: Pick<Libpod, 'paths'>,
  { stoppedByUser, spec, ...record }: ContainerRecord,
): boolean {
  return (
    spec.restart.name !== 'no' &&
    !stoppedByUser &&
    record.bootId === bootId() &&
    !existsSync(shutdownMark(libpod.paths))
  );
}

/** The restart that an ended container waits for, unless something has come in between. */
export function dueRestart(libpod: Pick<Libpod, 'paths'>, record: ContainerRecord): DueRestart | undefined {
  const { restart, held } = record.facts;
  if (restart === undefined || held === true || record.state !== 'exited') return undefined;
  return mayRestart(libpod, record) ? restart : undefined;
}

/** It has ended and waits for its next start, or is being started again just now. */
export function isRestarting(libpod: Pick<Libpod, 'paths'>, record: ContainerRecord): boolean {
  const { restart } = record.facts;
  if (restart === undefined) return false;
  return record.state === 'starting' || dueRestart(libpod, record) !== undefined;
}

/** The monitor that was to start it again has been killed: nobody else will. */
export function isRestartLost(libpod: Pick<Libpod, 'paths'>, record: ContainerRecord): boolean {
  const due = dueRestart(libpod, record);
  if (due === undefined || isMonitored(record)) return false;
  return restOf(due) <= LONGEST_OWN_WAIT_MS;
}

/** Milliseconds until it is due. Longer than the longest nobody would have planned: then the clock was set back, and it is due. */
export function restOf({ at }: DueRestart): number {
  const rest = at - Date.now();
  return rest > LONGEST_DELAY_MS ? 0 : Math.max(0, rest);
}

/** While it is there, which is until the next boot, nothing is restarted. */
export function shutdownMark(paths: Paths): string {
  return join(paths.runRoot, 'shutting-down');
}

function isGoodRun(record: ContainerRecord): boolean {
  if (record.startedAt === undefined || record.finishedAt === undefined) return false;
  return Date.parse(record.finishedAt) - Date.parse(record.startedAt) >= GOOD_RUN_MS;
}

/** Ends the monitor that waits to start a container again. The caller holds its lock and has settled it. */
export async function endRestartWait(libpod: Libpod, record: ContainerRecord): Promise<void> {
  if (record.spec.restart.name === 'no' || record.state !== 'exited' || record.monitorPid === undefined)
    return;
  await killProcess(libpod.syscalls, record.monitorPid, () => isMonitored(record), WAIT_MS);
}
