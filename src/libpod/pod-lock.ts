import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, type KernelLock, tryAcquireLock } from '../native/kernel-lock.ts';
import type { Libpod } from './context.ts';
import { getPod } from './pod.ts';

/** All containers of a pod may have to be stopped by its holder. */
const TIMEOUT_MS = 600_000;

/** Exclusive right to start, stop or remove the pod as a whole. Taken before the locks of its containers. */
export async function lockPod(libpod: Libpod, id: string): Promise<KernelLock> {
  const lock = await acquireLock(podLockPath(libpod, id), {
    mode: 'exclusive',
    timeoutMs: TIMEOUT_MS,
    what: `pod ${id.slice(0, 12)}`,
    level: 'pod',
    id,
  });
  // As with a container's: whoever waited for one that was removed has made the file anew.
  if (getPod(libpod.db, id) === undefined) rmSync(lock.path, { force: true });
  return lock;
}

/** At once or not at all; that of a pod which is gone goes with it. */
export function tryLockPod(libpod: Libpod, id: string): KernelLock | undefined {
  const lock = tryAcquireLock(podLockPath(libpod, id), {
    mode: 'exclusive',
    what: `pod ${id.slice(0, 12)}`,
    level: 'pod',
    id,
  });
  if (lock !== undefined && getPod(libpod.db, id) === undefined) rmSync(lock.path, { force: true });
  return lock;
}

export function podLockPath(libpod: Libpod, id: string): string {
  return join(libpod.paths.locks, `pod-${id}`);
}
