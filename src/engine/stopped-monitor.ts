import type { ContainerRecord } from '../libpod/container.ts';
import { isStopped } from '../native/process-identity.ts';

/** Whoever stops a process for a moment only (a debugger, a checkpoint) is not told of. */
const EVERY_MS = 2_000;

/**
 * While somebody waits for a container: tells once when its monitor has been stopped (SIGSTOP), for then nothing comes of the container, not
 * even its end. Returns what ends the watch.
 */
export function watchStoppedMonitor(
  { name, monitorPid }: Pick<ContainerRecord, 'name' | 'monitorPid'>,
  tell: (message: string) => void,
): () => void {
  if (monitorPid === undefined) return () => {};
  let wasStopped = false;
  const timer = setInterval(() => {
    const nowStopped = isStopped(monitorPid);
    if (wasStopped && nowStopped) {
      clearInterval(timer);
      tell(
        `waiting for the monitor of container ${name}, which somebody has stopped; \`kill -CONT ${monitorPid}\` lets it go on`,
      );
    }
    wasStopped = nowStopped;
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
