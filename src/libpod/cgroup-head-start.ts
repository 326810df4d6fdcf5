import { closeSync, openSync, readFileSync, write } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../base/clock.ts';

const ROOT = '/sys/fs/cgroup';

/** Below the shortest grace period: at the end of one without a new move the kernel would wait again. */
const REPEAT_MS = 6;
/** A runtime that takes longer has other things to wait for. */
const KEPT_UP_MS = 200;

let until = 0;
let isKeptUp = false;

/**
 * The kernel lets a process change its cgroup only after a grace period of RCU, some 10 ms, unless somebody was moved a moment ago.
 * The runtime would wait for it; so the wait begins here, on a thread, while there is still other work to do: this process is moved
 * to where it is, and again for a while, as the moment may be over when the runtime has come so far. Where that is not allowed the
 * runtime waits as before.
 */
export function beginCgroupMove(): void {
  until = monotonicMs() + KEPT_UP_MS;
  if (isKeptUp) return;
  try {
    const [, controllers = '', path = ''] =
      /^\d+:([^:]*):(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    const hierarchy = controllers.replace(/^name=/, '');
    const fd = openSync(join(ROOT, hierarchy, path, 'cgroup.procs'), 'w');
    isKeptUp = true;
    moveAgain(fd);
  } catch {
    // Only time is lost.
  }
}

/** Resolves when this process is moved no more: who leaves the cgroup must not be taken back to it. */
export async function endCgroupMove(): Promise<void> {
  until = 0;
  while (isKeptUp) await new Promise((resolve) => setTimeout(resolve, 1));
}

function moveAgain(fd: number): void {
  write(fd, '0', (error) => {
    if (error === null && monotonicMs() < until) {
      setTimeout(moveAgain, REPEAT_MS, fd).unref();
      return;
    }
    isKeptUp = false;
    closeSync(fd);
  });
}
