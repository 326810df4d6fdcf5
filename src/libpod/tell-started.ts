import { STARTED, tellMonitor } from '../conmon/monitor-control.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/**
 * Tells the monitor of a container that was created first and started then that its program runs: health checks begin, and the service
 * manager learns of it. Of a container that it ran in one go it knows.
 */
export function tellStarted(libpod: Libpod, id: string): void {
  if (!libpod.foreignMonitor) tellMonitor(containerPaths(libpod.paths, id).bundle.control, STARTED);
}
