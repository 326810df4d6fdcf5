import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf, NotInRootfsError } from '../base/errors.ts';
import { RESOLVE_IN_ROOT, type Syscalls } from '../native/syscalls.ts';
import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import { O_PATH } from '../native/syscalls.ts';
import { isBeneath } from './inside-view.ts';

/**
 * Refuses a working directory that is not in the root file system. What lies on a mount, where a link leads and what is no directory is
 * for the runtime to find. Throws NotInRootfsError.
 */
export function checkWorkdir(
  syscalls: Pick<Syscalls, 'openat2'>,
  place: { id: string; rootfs: string },
  { process, mounts }: Pick<RuntimeSpec, 'process' | 'mounts'>,
): void {
  const { cwd } = process;
  if (mounts.some(({ destination }) => isBeneath(cwd, destination))) return;
  const root = openSync(place.rootfs, O_PATH | constants.O_DIRECTORY);
  const isThere = (flags: number): boolean => {
    try {
      closeSync(syscalls.openat2(root, cwd, O_PATH | flags, 0, RESOLVE_IN_ROOT));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  };
  try {
    if (isThere(0) || isThere(constants.O_NOFOLLOW)) return;
  } catch {
    return;
  } finally {
    closeSync(root);
  }
  throw new NotInRootfsError(`workdir ${JSON.stringify(cwd)} does not exist on container ${place.id}`, {
    hint: 'make it in the image, or choose another one with --workdir: only `docker run` makes it by itself',
  });
}
