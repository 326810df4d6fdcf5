import { closeSync, openSync, readFileSync, write } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/**
 * The kernel lets a process change its cgroup only after a grace period of RCU, some 10 ms, unless somebody was moved a moment ago.
 * The runtime would wait for it; so the wait begins here, on a thread, while there is still other work to do: this process is moved
 * to where it is. Where that is not allowed the runtime waits as before.
 */
export function beginCgroupMove(): void {
  try {
    const [, controllers = '', path = ''] =
      /^\d+:([^:]*):(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    const hierarchy = controllers.replace(/^name=/, '');
    const fd = openSync(join(ROOT, hierarchy, path, 'cgroup.procs'), 'w');
    write(fd, '0', () => closeSync(fd));
  } catch {
    // Only time is lost.
  }
}
