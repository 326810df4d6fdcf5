import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { acquireLock } from '../native/kernel-lock.ts';
import type { Engine } from './engine.ts';

/** The files of an image, for this process to read while it is open. */
export interface LayersView {
  /** Of the root directory; beneath it paths go on as usual. */
  path: string;
  close(): void;
}

/**
 * Mounts layers for a look. The mount is taken away at once, and lives on behind a descriptor: whatever becomes of this process, none is
 * left. One that was killed between the two is cleared away by the next.
 */
export async function openLayersView(engine: Engine, topLayerId: string | undefined): Promise<LayersView> {
  const { paths, store } = engine;
  const directory = join(paths.runRoot, 'layers-view');
  const target = join(directory, 'merged');
  const lock = await acquireLock(join(paths.locks, 'layers-view'), {
    mode: 'exclusive',
    timeoutMs: 120_000,
    what: 'the place where images are looked into',
  });
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    store.rootfs.unmountLayers(target);
    await store.rootfs.mountLayers(topLayerId, target);
    crashPoint('layers-view-before-detach');
    try {
      const fd = openSync(target, constants.O_RDONLY | constants.O_DIRECTORY);
      // Without the dot it would be the link of the descriptor.
      return { path: `/proc/self/fd/${fd}/.`, close: () => closeSync(fd) };
    } finally {
      store.rootfs.unmountLayers(target);
    }
  } finally {
    lock.release();
  }
}
