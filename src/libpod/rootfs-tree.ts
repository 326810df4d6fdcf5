import { constants, openSync } from 'node:fs';
import { NotFoundError } from '../base/errors.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import { type ContainerIds, idsOfContainer } from './container-ids.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { settle } from './settle.ts';
import { O_PATH } from '../native/syscalls.ts';

export interface RootfsTree {
  tree: FileTree;
  ids: ContainerIds;
  close(): void;
}

/** A container's root file system without anything that is mounted in it. The container's state cannot change before `close`. */
export async function openRootfsTree(libpod: Libpod, id: string): Promise<RootfsTree> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    const { rootfs } = libpod.store;
    const wasMounted = rootfs.isMounted(id);
    const rootFd = openSync(await rootfs.mount(rootfsOptions(record)), O_PATH | constants.O_DIRECTORY);
    const where = `in container ${record.name}`;
    const tree = new FileTree({ system: libpod.syscalls, where, rootFd, mounts: [], readOnly: true });
    return {
      tree,
      ids: idsOfContainer(libpod, record),
      close() {
        tree.close();
        if (!wasMounted) rootfs.unmount(id);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
