import { InUseError } from '../base/errors.ts';
import { storeLayout } from '../storage/layout.ts';
import { removePartialBlobs } from '../storage/partial-blobs.ts';
import { pruneBuildCache } from './build-cache.ts';
import { layersSize } from './disk-usage.ts';
import type { Engine } from './engine.ts';
import { containerIdsByImage, hidesIntermediate, imagePredicate } from './image-filters.ts';
import { listsAsImages } from './listed-manifests.ts';
import { removeImages } from './images.ts';

export interface PruneImagesOptions {
  /** Named images that no container was made from, too; otherwise only those without a name. */
  all: boolean;
  filters: readonly string[];
}

export interface PruneImagesReport {
  /** Names taken away, in order. */
  untagged: string[];
  /** Ids of images that are gone. */
  removed: string[];
  failures: unknown[];
  /** Bytes of their layers that no other image needs. */
  reclaimed: number;
}

/**
 * Removes images that nothing needs, then layers that no image needs. What others were built on stays as long as these do, so it
 * takes several rounds to remove a chain of them.
 */
export async function pruneImages(engine: Engine, options: PruneImagesOptions): Promise<PruneImagesReport> {
  const report: PruneImagesReport = { untagged: [], removed: [], failures: [], reclaimed: 0 };
  const before = layersSize(engine);
  // Made once: images that a filter names may be gone in a later round.
  const matches = await imagePredicate(engine, options.filters, engine.store.images.list());
  const tried = new Set<string>();
  for (;;) {
    const images = engine.store.images.list();
    const users = containerIdsByImage(engine.db);
    const isIntermediate = hidesIntermediate(images);
    const unused = images.filter(
      (image) =>
        !tried.has(image.id) &&
        image.readOnlyStore === undefined &&
        !users.has(image.id) &&
        (options.all || image.names.length === 0) &&
        !isIntermediate(image) &&
        matches({ image, containers: 0 }) !== undefined,
    );
    if (unused.length === 0) break;
    for (const { id } of unused) tried.add(id);
    const names = unused.flatMap((image) => (image.names.length === 0 ? [image.id] : image.names));
    const { untagged, deleted, errors } = await removeImages(engine, names, { force: false, ignore: true });
    report.untagged.push(...untagged);
    report.removed.push(...deleted);
    // A container has taken it meanwhile.
    report.failures.push(...errors.filter((error) => !(error instanceof InUseError)));
  }
  removePartialBlobs(storeLayout(engine.paths.graphRoot).tmp);
  const lists = engine.options.asDocker === true ? [] : listsAsImages(engine.db);
  for (const image of lists) {
    if (!options.all && image.names.length > 0) continue;
    if (matches({ image, containers: 0 }) === undefined) continue;
    const { untagged, deleted } = await removeImages(engine, [image.id], { force: true, ignore: true });
    report.untagged.push(...untagged);
    report.removed.push(...deleted);
  }
  // What is left of builds of images that are gone is nobody's either.
  if (options.filters.length === 0) await pruneBuildCache(engine, { all: false });
  else await engine.store.layers.removeUnused();
  report.reclaimed = Math.max(0, before - layersSize(engine));
  return report;
}

/** Throws for filters that are not understood, so that nobody is asked about them. */
export async function checkImageFilters(engine: Engine, filters: readonly string[]): Promise<void> {
  await imagePredicate(engine, filters, []);
}
