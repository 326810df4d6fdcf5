import { rmSync } from 'node:fs';
import { LockTimeoutError } from '../base/errors.ts';
import { acquireLock, type KernelLock, type LockOptions, tryAcquireLock } from '../native/kernel-lock.ts';
import { getContainer, updateContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { endMonitor } from './end-monitor.ts';

/** Longer than any single state change takes; a holder that dies frees it at once. */
const TIMEOUT_MS = 120_000;
/** So long a removal by force lets a start go on. */
const HUNG_MS = 5_000;

/** Exclusive right to change this container's processes and files. Readers never take it. */
export async function lockContainer(libpod: Libpod, id: string): Promise<KernelLock> {
  return forExisting(
    libpod,
    id,
    await acquireLock(lockPath(libpod, id), { ...optionsFor(id), timeoutMs: TIMEOUT_MS }),
  );
}

/**
 * The same for a removal by force. A start whose runtime hangs (in a FIFO, on a dead network disk) is ended: its monitor, which has the lock
 * too, goes, and with it the runtime; who waits for that start takes it back.
 */
export async function lockForRemoval(libpod: Libpod, id: string): Promise<KernelLock> {
  const options = { ...optionsFor(id), timeoutMs: HUNG_MS };
  try {
    return forExisting(libpod, id, await acquireLock(lockPath(libpod, id), options));
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
  }
  if (getContainer(libpod.db, id)?.state === 'starting') {
    // For its starter, to whom it looks as if the monitor had failed.
    updateContainer(libpod.db, id, { stoppedByUser: true });
    await endMonitor(libpod, id);
  }
  return await lockContainer(libpod, id);
}

/** At once or not at all. */
export function tryLockContainer(libpod: Libpod, id: string): KernelLock | undefined {
  const lock = tryAcquireLock(lockPath(libpod, id), optionsFor(id));
  return lock === undefined ? undefined : forExisting(libpod, id, lock);
}

function lockPath(libpod: Libpod, id: string): string {
  return containerPaths(libpod.paths, id).lock;
}

function optionsFor(id: string): Omit<LockOptions, 'timeoutMs'> {
  return { mode: 'exclusive', what: `container ${id.slice(0, 12)}`, level: 'container', id };
}

/** Who waited for the lock of a container that was removed meanwhile has made its file anew: nobody else would delete it. */
function forExisting(libpod: Libpod, id: string, lock: KernelLock): KernelLock {
  if (getContainer(libpod.db, id) === undefined) rmSync(lock.path, { force: true });
  return lock;
}
