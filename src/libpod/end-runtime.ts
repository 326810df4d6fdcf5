import { setTimeout as delay } from 'node:timers/promises';
import { killProcess } from '../native/kill-process.ts';
import { killInCgroups, removeCgroups } from '../oci/runtime-state.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { processIds, wordsOf } from './process-words.ts';
import { runtimeOf } from './runtime-of.ts';

const WAIT_MS = 5_000;
const POLL_MS = 10;

/**
 * Kills the runtime of a start that is being undone, and waits until it is gone. It dies with its monitor, but a moment later: in that
 * moment it may make a cgroup that nobody looks for any more. None is fine. The caller holds the container's lock.
 */
export async function endRuntime(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  const { path } = runtimeOf(libpod, record);
  for (const pid of processIds()) {
    // Others may name the bundle as well: somebody who looks into it. A runtime that is a script has its path as a later word.
    const isIt = (): boolean => {
      const words = wordsOf(pid);
      return words.includes(bundle) && words.includes(path);
    };
    if (pid !== process.pid && pid !== process.ppid && isIt())
      await killProcess(libpod.syscalls, pid, isIt, WAIT_MS);
  }
}

/** What a runtime has made that was killed before it wrote down that it had, with the processes in it. */
export async function clearCgroup(path: string | undefined): Promise<void> {
  if (path?.startsWith('/') !== true) return;
  for (let waited = 0; !removeCgroups(path) && waited < WAIT_MS; waited += POLL_MS) {
    killInCgroups(path);
    await delay(POLL_MS);
  }
}
