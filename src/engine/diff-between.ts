import { findContainer } from '../libpod/container.ts';
import { lockContainer } from '../libpod/container-lock.ts';
import { rootfsOptions } from '../libpod/rootfs-options.ts';
import { copyChanges } from '../storage/changes.ts';
import { type FileChange, imageToDiff, type DiffKind, told } from './container-diff.ts';
import type { Engine } from './engine.ts';
import { mountImage, unmountImage } from './image-mounts.ts';

/** What has to be added, changed and deleted in the file system of `against` to get that of `name`. */
export async function diffBetween(
  engine: Engine,
  [name, against]: readonly [string, string],
  kind: DiffKind,
): Promise<FileChange[]> {
  const copy = await openFiles(engine, name, kind);
  try {
    const original = await openFiles(engine, against, kind);
    try {
      const changes = await copyChanges(engine.syscalls, {
        copy: copy.path,
        original: original.path,
        idMaps: undefined,
      });
      return await told(changes);
    } finally {
      await original.close();
    }
  } finally {
    await copy.close();
  }
}

interface OpenFiles {
  path: string;
  close(): Promise<void>;
}

async function openFiles(engine: Engine, name: string, kind: DiffKind): Promise<OpenFiles> {
  const record = kind === 'image' ? undefined : findContainer(engine.db, name);
  if (record === undefined) {
    const image = await imageToDiff(engine, name, kind);
    return {
      path: await mountImage(engine, image),
      close: async () => void (await unmountImage(engine, image.id, { force: false })),
    };
  }
  const { rootfs } = engine.store;
  const lock = await lockContainer(engine, record.id);
  try {
    const wasMounted = rootfs.isMounted(record.id);
    const path = await rootfs.mount(rootfsOptions(record));
    // One that runs keeps its file system mounted; holding its lock would keep others from stopping it.
    if (wasMounted) lock.release();
    return {
      path,
      async close() {
        if (wasMounted) return;
        rootfs.unmount(record.id);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
