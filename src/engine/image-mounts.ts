import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { acquireLock, type KernelLock } from '../native/kernel-lock.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';

const MOUNTS = 'image-mounts';

/**
 * Images whose files are mounted, read-only, for the user. `<run root>/image-mounts/<id>` holds the mount point and how often it was
 * asked for; both end with the boot, as the mount does. In a namespace where the mount is not seen it counts as not mounted.
 */
export interface MountedImage {
  image: ImageRecord;
  path: string;
}

/** Mounting again only counts. Returns where. */
export async function mountImage(engine: Engine, image: ImageRecord): Promise<string> {
  const lock = await lockMounts(engine);
  try {
    const { directory, target } = placesOf(engine, image.id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const count = countOf(engine, image.id) + 1;
    await engine.store.rootfs.mountLayers(image.topLayerId, target);
    crashPoint('image-mount-before-count');
    writeCount(engine, image.id, count);
    return target;
  } finally {
    lock.release();
  }
}

/** As often as it was mounted, or forced; then the mount goes. Not mounted is fine: false. */
export async function unmountImage(
  engine: Engine,
  id: string,
  { force }: { force: boolean },
): Promise<boolean> {
  if (!existsSync(placesOf(engine, id).directory)) return false;
  const lock = await lockMounts(engine);
  try {
    const count = countOf(engine, id);
    if (count > 1 && !force) {
      writeCount(engine, id, count - 1);
      return true;
    }
    removeMount(engine, id);
    return count > 0;
  } finally {
    lock.release();
  }
}

export function listMountedImages(engine: Engine): MountedImage[] {
  return mountedIds(engine)
    .filter((id) => countOf(engine, id) > 0)
    .map((id) => ({ image: engine.store.images.byId(id), path: placesOf(engine, id).target }))
    .filter((one): one is MountedImage => one.image !== undefined);
}

function removeMount(engine: Engine, id: string): void {
  const { directory, target } = placesOf(engine, id);
  if (!existsSync(directory)) return;
  engine.store.rootfs.unmountLayers(target);
  crashPoint('image-unmount-before-remove');
  rmSync(join(directory, 'count'), { force: true });
  rmSync(directory, { recursive: true, force: true });
}

function countOf(engine: Engine, id: string): number {
  const { target, count } = placesOf(engine, id);
  if (!engine.store.rootfs.hasLayersAt(target)) return 0;
  // Mounted, and killed before it was counted.
  return existsSync(count) ? Number(readFileSync(count, 'utf8')) : 1;
}

function writeCount(engine: Engine, id: string, count: number): void {
  writeFileAtomic(placesOf(engine, id).count, String(count));
}

function mountedIds(engine: Engine): string[] {
  const directory = mountsDirectory(engine);
  return existsSync(directory) ? readdirSync(directory) : [];
}

function placesOf(engine: Engine, id: string): { directory: string; target: string; count: string } {
  const directory = join(mountsDirectory(engine), id);
  return { directory, target: join(directory, 'merged'), count: join(directory, 'count') };
}

function mountsDirectory({ paths }: Engine): string {
  return join(paths.runRoot, MOUNTS);
}

function lockMounts({ paths }: Engine): Promise<KernelLock> {
  const what = 'the list of mounted images';
  return acquireLock(join(paths.locks, 'image-mounts'), { mode: 'exclusive', timeoutMs: 120_000, what });
}
