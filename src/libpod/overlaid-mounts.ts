import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { AT_FDCWD } from '../native/syscalls.ts';
import { overlayPlace } from '../specgen/mount-options.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/**
 * Shows the source of a mount with option `O` at a place of the container's own, which it returns: the source stays as it is, and
 * what is written ends with this run of the container, or goes to the directories that the options name.
 */
export async function mountOverlaid(
  libpod: Libpod,
  record: ContainerRecord,
  { source, options }: { source: string; options: readonly string[] },
): Promise<string> {
  if (!statSync(source).isDirectory())
    throw new InvalidSpecError(`mount option O needs a directory: ${source} is none`);
  const upper = overlayPlace(options, 'upperdir');
  const work = overlayPlace(options, 'workdir');
  for (const path of [upper, work])
    if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new InvalidSpecError(`no directory ${path}, which mount option upperdir or workdir names`);
  const all = directoryOf(libpod, record.id);
  mkdirSync(all, { recursive: true, mode: 0o700 });
  const place = join(all, String(readdirSync(all).length));
  mkdirSync(place, { mode: 0o700 });
  const target = join(place, 'merged');
  await libpod.store.rootfs.mountOver({
    lower: source,
    upper: upper ?? join(place, 'upper'),
    work: work ?? join(place, 'work'),
    target,
  });
  return target;
}

/** The files of an image, read-only, at a place of the container's own. */
export async function mountImageFiles(
  libpod: Libpod,
  record: ContainerRecord,
  imageId: string,
): Promise<string> {
  const image = libpod.store.images.byId(imageId);
  if (image === undefined)
    throw new InvalidSpecError(
      `container ${record.name} mounts image ${imageId.slice(0, 12)}, which is gone`,
    );
  const all = directoryOf(libpod, record.id);
  mkdirSync(all, { recursive: true, mode: 0o700 });
  const target = join(all, String(readdirSync(all).length), 'merged');
  await libpod.store.rootfs.mountLayers(image.topLayerId, target);
  return target;
}

/** Idempotent; works from the id alone. What was written is gone then. */
export function releaseOverlaid(libpod: Libpod, id: string): void {
  const all = directoryOf(libpod, id);
  let names: string[];
  try {
    names = readdirSync(all);
  } catch {
    return;
  }
  // The later ones may stand on the earlier.
  for (const name of names.sort((a, b) => Number(b) - Number(a)))
    libpod.store.rootfs.unmountOver(join(all, name, 'merged'));
  libpod.syscalls.removeTreeAt(AT_FDCWD, all);
}

/** On disk, where the container's own changes are: not every kernel has an overlay upon a tmpfs. */
function directoryOf(libpod: Libpod, id: string): string {
  return join(containerPaths(libpod.paths, id).directory, 'overlaid');
}
