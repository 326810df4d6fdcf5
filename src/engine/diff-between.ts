import { type ContainerRecord, findContainer } from '../libpod/container.ts';
import { lockContainer } from '../libpod/container-lock.ts';
import { rootfsOptions } from '../libpod/rootfs-options.ts';
import { copyChanges } from '../storage/changes.ts';
import { type FileChange, imageToDiff, type DiffKind, told } from './container-diff.ts';
import type { Engine } from './engine.ts';
import { openLayersView } from './layers-view.ts';

/** What has to be added, changed and deleted in the file system of the second to get that of the first. */
export async function diffBetween(
  engine: Engine,
  names: readonly [string, string],
  kind: DiffKind,
): Promise<FileChange[]> {
  const sides = names.map((name) => {
    const record = kind === 'image' ? undefined : findContainer(engine.db, name);
    return { name, record, key: record?.id ?? name };
  });
  const open = new Map<string, OpenFiles>();
  try {
    // Each once, and containers in the order in which their locks are taken.
    for (const { name, record, key } of [...sides].sort((a, b) => (a.key < b.key ? -1 : 1))) {
      if (open.has(key)) continue;
      open.set(key, await (record ? openContainer(engine, record) : openImage(engine, name, kind)));
    }
    const [copy = '', original = ''] = sides.map(({ key }) => open.get(key)?.path);
    return await told(await copyChanges(engine.syscalls, { copy, original, idMaps: undefined }));
  } finally {
    for (const files of open.values()) files.close();
  }
}

interface OpenFiles {
  path: string;
  close(): void;
}

async function openImage(engine: Engine, name: string, kind: DiffKind): Promise<OpenFiles> {
  const image = await imageToDiff(engine, name, kind);
  return openLayersView(engine, image.topLayerId);
}

async function openContainer(engine: Engine, record: ContainerRecord): Promise<OpenFiles> {
  const { rootfs } = engine.store;
  const lock = await lockContainer(engine, record.id);
  try {
    const wasMounted = rootfs.isMounted(record.id);
    const path = await rootfs.mount(rootfsOptions(record));
    // One that runs keeps its file system mounted; holding its lock would keep others from stopping it.
    if (wasMounted) lock.release();
    return {
      path,
      close() {
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
