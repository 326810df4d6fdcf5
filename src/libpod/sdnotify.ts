import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
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

/**
 * Says READY=1 in the place of a container whose program cannot, by its own socket: the monitor passes it on. Nothing when no service
 * manager listens.
 */
export async function tellReady(libpod: Libpod, { id, name }: ContainerRecord): Promise<void> {
  if (!socket) return;
  const { runProgram } = await import('../base/run-program.ts');
  const cwd = join(containerPaths(libpod.paths, id).bundle.bundle, 'notify');
  // The path itself would be too long for an address.
  const env = { ...process.env, NOTIFY_SOCKET: '/proc/self/cwd/notify.sock' };
  const failed = (why: string, cause?: unknown): UnsupportedError =>
    new UnsupportedError(`cannot tell the service manager that ${name} is ready: ${why}`, { cause });
  try {
    const { code, stderr } = await runProgram('systemd-notify', ['--no-block', '--ready'], {
      cwd,
      env,
      timeoutMs: NOTIFY_LIMIT_MS,
    });
    if (code !== 0) throw failed(stderr.trim() || `systemd-notify ended with ${code}`);
  } catch (error) {
    throw error instanceof UnsupportedError ? error : failed(messageOf(error), error);
  }
}

const NOTIFY_LIMIT_MS = 20_000;
