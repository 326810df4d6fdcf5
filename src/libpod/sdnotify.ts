import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

const INSIDE = '/run/notify';

/**
 * The service manager's socket. Taken out of the environment for good: a runtime that finds it there would try to pass it on, and wait
 * for the container to use it.
 */
const socket = process.env['NOTIFY_SOCKET'];
delete process.env['NOTIFY_SOCKET'];

/** The monitor tells the service manager itself, or passes on what the container says. */
export function sdnotifyArguments(libpod: Libpod, { spec }: ContainerRecord): string[] {
  const mode = spec.sdnotify ?? 'container';
  if (!socket || mode === 'ignore') return [];
  if (libpod.foreignMonitor) return mode === 'container' ? [`--sdnotify-socket=${socket}`] : [];
  return ['--sdnotify-socket', socket, '--sdnotify-ready', mode === 'conmon' ? 'start' : mode];
}

/** The directory of the monitor's socket as the container gets it; undefined: it is not to say anything. */
export function prepareNotify(
  libpod: Libpod,
  record: ContainerRecord,
): { source: string; destination: string; env: string } | undefined {
  if (!socket || (record.spec.sdnotify ?? 'container') !== 'container') return undefined;
  const source = join(containerPaths(libpod.paths, record.id).bundle.bundle, 'notify');
  mkdirSync(source, { recursive: true });
  // The container's program may be of any user.
  chmodSync(source, 0o755);
  return { source, destination: INSIDE, env: `NOTIFY_SOCKET=${INSIDE}/notify.sock` };
}
