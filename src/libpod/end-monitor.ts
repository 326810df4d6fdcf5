import { closeSync, readFileSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { readMonitorPid } from '../conmon/launch-monitor.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

const SIGKILL = 9;
/** A killed process that does nothing but poll is gone at once. */
const WAIT_MS = 5_000;

/**
 * Kills the monitor of a start that is being undone, and waits until it is gone: its exit file and exit command would only get into
 * the way of what comes next. Not there is fine. The caller holds the container's lock.
 */
export async function endMonitor(libpod: Libpod, id: string): Promise<void> {
  const { bundle } = containerPaths(libpod.paths, id);
  const pid = readMonitorPid(bundle.monitorPidFile);
  if (pid === undefined || pid === process.ppid || !isMonitorOf(pid, id)) return;
  const { syscalls } = libpod;
  let pidfd: number | undefined;
  try {
    pidfd = syscalls.pidfdOpen(pid);
    // Between the look and the open another process may have got the number.
    if (!isMonitorOf(pid, id)) return;
    syscalls.pidfdSendSignal(pidfd, SIGKILL);
    await syscalls.pidfdWait(pidfd, WAIT_MS);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}

/** The pid may be another process's by now: a monitor has its container's id among its arguments. */
export function isMonitorOf(pid: number, id: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return words.includes('--conmon-pidfile') && words.includes(id);
  } catch {
    return false;
  }
}
