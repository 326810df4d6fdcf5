import { readFileSync } from 'node:fs';
import { readMonitorPid } from '../conmon/launch-monitor.ts';
import { killProcess } from '../native/kill-process.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

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
  await killProcess(libpod.syscalls, pid, () => isMonitorOf(pid, id), WAIT_MS);
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
