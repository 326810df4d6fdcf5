import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import { errnoOf } from '../base/errors.ts';
import { readMonitorPid } from '../conmon/launch-monitor.ts';
import { killProcess } from '../native/kill-process.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../native/process-identity.ts';
import type { Libpod } from './context.ts';
import { containerPaths } from './container-paths.ts';
import { processIds, wordsOf } from './process-words.ts';

/** Container that runs according to its bundle. */
export interface BundleProcesses {
  id: string;
  monitor: ProcessIdentity | undefined;
  program: ProcessIdentity | undefined;
}

const WAIT_MS = 10_000;
const POLL_MS = 20;

/** What runs by the pid files in the run root alone: for when the database cannot be asked, or does not know the container. */
export function processesByBundle(libpod: Pick<Libpod, 'paths'>): BundleProcesses[] {
  return list(join(libpod.paths.runRoot, 'containers')).flatMap((id) => {
    const { bundle } = containerPaths(libpod.paths, id);
    const monitor = identified(readMonitorPid(bundle.monitorPidFile));
    const program = identified(readMonitorPid(bundle.pidFile));
    // A pid alone may be anybody's by now: a monitor has the container's id among its arguments.
    const isOurs = monitor !== undefined && wordsOf(monitor.pid).includes(id);
    return isOurs ? [{ id, monitor, program }] : [];
  });
}

/** SIGKILL to the program, then, should it survive its child, to the monitor. */
export async function killByBundle(
  libpod: Pick<Libpod, 'syscalls'>,
  { monitor, program }: BundleProcesses,
): Promise<void> {
  for (const identity of [program, monitor]) {
    if (identity === undefined || !isAlive(identity)) continue;
    await killProcess(libpod.syscalls, identity.pid, () => isAlive(identity), WAIT_MS);
  }
}

/** Waits until no process names one of the containers any more: monitors, and the clean-ups that they start at the end. */
export async function waitForProcessesOf(ids: readonly string[]): Promise<void> {
  const isAbout = (pid: number): boolean =>
    pid !== process.pid && wordsOf(pid).some((word) => ids.includes(word));
  for (const end = monotonicMs() + WAIT_MS; monotonicMs() < end; await delay(POLL_MS))
    if (!processIds().some(isAbout)) return;
}

function identified(pid: number | undefined): ProcessIdentity | undefined {
  return pid === undefined ? undefined : identifyProcess(pid);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
