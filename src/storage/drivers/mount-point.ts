import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { MNT_DETACH, type Syscalls } from '../../native/syscalls.ts';

/** By device numbers: two calls, however many mounts the machine has. */
export function isMountPoint(path: string): boolean {
  try {
    return statSync(path).dev !== statSync(dirname(path)).dev;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    // A FUSE mount whose process has died.
    if (code === 'ENOTCONN') return true;
    throw error;
  }
}

/** By the kernel's list, which has bind mounts of the same file system, too. */
export function isListedMount(path: string): boolean {
  const escaped = path.replace(
    /[ \t\n\\]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${escaped} `);
}

/** All mounts stacked there; busy ones are detached. Not mounted or not there is fine. */
export function unmountAll(system: Syscalls, path: string): void {
  while (isMountPoint(path)) {
    try {
      system.umount(path, 0);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EINVAL' || code === 'ENOENT') return;
      if (code !== 'EBUSY') throw error;
      system.umount(path, MNT_DETACH);
    }
  }
}
