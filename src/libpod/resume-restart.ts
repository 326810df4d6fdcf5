import { spawn } from 'node:child_process';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { isRestartLost } from './restart-policy.ts';

/**
 * For commands that look at a container: where its restart is due and the monitor that was to do it has been killed, a process of
 * its own does it now. The command does not wait for that; however many look at once, it is started once.
 */
export function resumeRestart(libpod: Libpod, record: ContainerRecord): void {
  if (!isRestartLost(libpod, record)) return;
  const [program, ...words] = libpod.cleanupCommand;
  if (program === undefined) return;
  const child = spawn(program, [...words, 'container', 'cleanup', record.id], {
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', (error) =>
    log('warn', `cannot restart container ${record.name}, whose monitor was killed: ${messageOf(error)}`),
  );
  child.unref();
}
