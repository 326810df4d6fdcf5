import { closeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import type { Syscalls } from './syscalls.ts';

const SIGKILL = 9;

/**
 * Kills a process and waits up to `waitMs` for its end. `isStillIt` is asked once the descriptor is open: before that, another
 * process may have got the number. No error when it has ended, whenever that was.
 */
export async function killProcess(
  syscalls: Pick<Syscalls, 'pidfdOpen' | 'pidfdSendSignal' | 'pidfdWait'>,
  pid: number,
  isStillIt: () => boolean,
  waitMs: number,
): Promise<void> {
  let pidfd: number | undefined;
  try {
    pidfd = syscalls.pidfdOpen(pid);
    if (!isStillIt()) return;
    syscalls.pidfdSendSignal(pidfd, SIGKILL);
    await syscalls.pidfdWait(pidfd, waitMs);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}
