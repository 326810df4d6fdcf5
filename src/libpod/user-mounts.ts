import { crashPoint } from '../base/crash-point.ts';
import { NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { settle } from './settle.ts';
import { forgetUserMount, markedUserMounts, markUserMount } from './user-mount-marks.ts';

/** Mounts a container's file system for the user until `unmount`, beyond the container's own end. Returns where. Idempotent. */
export async function mountForUser(libpod: Libpod, id: string): Promise<string> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    markUserMount(libpod, id);
    crashPoint('user-mount-after-mark');
    return await libpod.store.rootfs.mount(rootfsOptions(record));
  } finally {
    lock.release();
  }
}

/** While the container itself needs it, it goes with the container's end. */
export async function unmountForUser(libpod: Libpod, id: string): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    if (record.state === 'created' || record.state === 'exited') libpod.store.rootfs.unmount(id);
    forgetUserMount(libpod, id);
  } finally {
    lock.release();
  }
}

/** Those that are mounted for the user. */
export function listUserMounts(libpod: Libpod): ContainerRecord[] {
  return markedUserMounts(libpod)
    .map((id) => getContainer(libpod.db, id))
    .filter((record) => record !== undefined)
    .filter(({ id }) => libpod.store.rootfs.isMounted(id));
}
