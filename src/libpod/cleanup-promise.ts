import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/** Held by whoever stops a container; the kernel ends it with the process. */
export interface CleanupPromise {
  /** It is cleaned up: the monitor leaves without its exit command. */
  keep(): void;
  /** To be called in any case. What has not been kept by then the monitor has done. */
  release(): void;
}

/**
 * Promises the container's monitor to clean up after its end, which spares a process of ours. Undefined when somebody else has promised
 * it, or where there is no bundle: then the monitor's exit command does it.
 */
export function promiseCleanup(libpod: Libpod, record: ContainerRecord): CleanupPromise | undefined {
  const { stopper } = containerPaths(libpod.paths, record.id).bundle;
  let fd: number;
  try {
    fd = openSync(stopper, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch {
    return undefined;
  }
  if (!libpod.syscalls.tryLock(fd, 'exclusive')) {
    closeSync(fd);
    return undefined;
  }
  return { keep: () => writeSync(fd, 'c'), release: () => closeSync(fd) };
}
