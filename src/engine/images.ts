import { NotFoundError, UsageError } from '../base/errors.ts';
import { isLoopback } from '../image/endpoints.ts';
import { type HistoryReport, imageHistory as historyOf } from '../image/history.ts';
import { inspectImage as documentOf } from '../image/image-inspect.ts';
import type { LoadContext } from '../image/load-options.ts';
import type { PullContext, PullEvent, PullOptions, PullReport } from '../image/pull-options.ts';
import {
  formatReference,
  isShortName,
  parseReference,
  parseTypedName,
  withDefaultTag,
} from '../image/reference.ts';
import {
  type RemoveReport,
  removeImages as remove,
  tagImage as tag,
  untagImage as untag,
} from '../image/remove.ts';
import { formatPlatform, isPlatformMatch, parsePlatform } from '../image/manifest.ts';
import type { Platform } from '../oci/image-spec.ts';
import { lookUpImage, type ResolvedImage, resolveImage } from '../image/resolve.ts';
import type { ShortNamePolicy } from '../image/short-names.ts';
import { allowReserve } from '../state/db.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { listsAsImages } from './listed-manifests.ts';
import { containerIdsByImage, hidesIntermediate, imagePredicate } from './image-filters.ts';

export { applyChanges } from '../image/change-config.ts';
export type { HistoryReport } from '../image/history.ts';
export { wantedPlatform } from '../image/manifest.ts';
export type { PullEvent, PullOptions, PullPolicy, PullReport } from '../image/pull-options.ts';
export {
  familiarName,
  formatReference,
  parseReference,
  parseTypedName,
  repositoryOf,
} from '../image/reference.ts';
export { isIndexType } from './image-filters.ts';
export { type ArchiveName, parseArchiveName } from '../image/transports.ts';
export type { ImageRecord } from '../storage/store.ts';

/**
 * Use cases on images, for CLI and API alike. They take the engine first and return data. What talks to registries or reads
 * archives is loaded when it is called: `images` and `rmi` do without.
 */

export type ProgressListener = (event: PullEvent) => void;

export async function pullImage(
  engine: Engine,
  name: string,
  options: PullOptions & Interruptible,
  progress?: ProgressListener,
): Promise<PullReport> {
  const { pullImage: pull } = await import('../image/pull.ts');
  const context = pullContext(engine, progress, options.signal);
  return pull(context, name, {
    shortNames: shortNames(engine),
    ...options,
    tlsVerify: tlsVerifyFor(engine, name, options),
  });
}

export interface Interruptible {
  signal?: AbortSignal | undefined;
}

/** As docker, registries of this machine need no TLS. */
export function tlsVerifyFor(
  engine: Engine,
  name: string,
  { tlsVerify }: { tlsVerify?: boolean | undefined },
): boolean | undefined {
  if (tlsVerify !== undefined || engine.options.asDocker !== true) return tlsVerify;
  return isLoopback(name) ? false : undefined;
}

/** All tags of a repository, for `pull --all-tags`. */
export async function fetchTags(engine: Engine, name: string, options: PullOptions): Promise<string[]> {
  const { fetchTags: tagsOf } = await import('../image/pull.ts');
  return tagsOf(pullContext(engine), name, {
    shortNames: shortNames(engine),
    ...options,
    tlsVerify: tlsVerifyFor(engine, name, options),
  });
}

export interface ListImagesOptions {
  /** `key=value`, as `--filter` takes them. */
  filters: readonly string[];
  /** Unnamed images that others were built on, too. */
  all: boolean;
}

export interface ImageSummary {
  image: ImageRecord;
  /** Names that the filters left; all of them when no filter is about names. */
  names: readonly string[];
  /** How many containers were made from it. */
  containers: number;
}

/** Newest first. */
export async function listImages(engine: Engine, options: ListImagesOptions): Promise<ImageSummary[]> {
  const lists = engine.options.asDocker === true ? [] : listsAsImages(engine.db);
  const images = [...engine.store.images.list(), ...lists];
  const users = containerIdsByImage(engine.db);
  const matches = await imagePredicate(engine, options.filters, images);
  const isHidden = options.all ? () => false : hidesIntermediate(images);
  const summaries: ImageSummary[] = [];
  for (const image of images) {
    if (isHidden(image)) continue;
    const containers = users.get(image.id)?.length ?? 0;
    const names = matches({ image, containers });
    if (names !== undefined) summaries.push({ image, names, containers });
  }
  return summaries.sort((a, b) => (a.image.createdAt < b.image.createdAt ? 1 : -1));
}

/** With `platform`, only an image for that one, or that of a manifest list. Throws NotFoundError. */
export async function findImage(engine: Engine, name: string, platform?: string): Promise<ResolvedImage> {
  const options = { shortNames: shortNames(engine) };
  const found = await lookUpImage(engine.store.images, name, options);
  if (found !== undefined) {
    if (platform !== undefined) checkPlatform(found.image, name, parsePlatform(platform));
    return found;
  }
  const { imageOfList } = await import('./manifest-lists.ts');
  return imageOfList(engine, name, { platform }) ?? resolveImage(engine.store.images, name, options);
}

function checkPlatform({ config }: ImageRecord, name: string, wanted: Platform): void {
  if (isPlatformMatch(config, wanted)) return;
  throw new NotFoundError('image', name, {
    message: `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
    hint: `it is for ${formatPlatform(config)}`,
  });
}

/** By a name of its own, or as that for this machine in a manifest list. */
export async function imageExists(engine: Engine, name: string): Promise<boolean> {
  try {
    await findImage(engine, name);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** The document of `image inspect`. */
export async function inspectImage(
  engine: Engine,
  name: string,
  platform?: string,
): Promise<Record<string, unknown>> {
  return documentOf(engine.store, (await findImage(engine, name, platform)).image);
}

export async function imageHistory(
  engine: Engine,
  name: string,
  platform?: string,
): Promise<HistoryReport[]> {
  return historyOf(engine.store, (await findImage(engine, name, platform)).image);
}

export interface RemoveImagesOptions {
  force: boolean;
  ignore: boolean;
  /** What is for none of these is not removed. */
  platforms?: readonly string[] | undefined;
}

/** Failures are in the report, so that what was done is told as well. */
export async function removeImages(
  engine: Engine,
  names: readonly string[],
  options: RemoveImagesOptions,
): Promise<RemoveReport> {
  const { db, store } = engine;
  allowReserve(db);
  for (const platform of options.platforms ?? [])
    for (const name of names) await findImage(engine, name, platform);
  const context = {
    store,
    db,
    containersUsing: (imageId: string) => containerIdsByImage(db).get(imageId) ?? [],
    removeContainers: async (ids: readonly string[]) => {
      const { removeContainer } = await import('../libpod/remove.ts');
      for (const id of ids) await removeContainer(engine, id, { force: true, dependents: true });
    },
    unmount: async (imageId: string) => {
      const { unmountImage } = await import('./image-mounts.ts');
      await unmountImage(engine, imageId, { force: true });
    },
  };
  return remove(context, names, { ...options, shortNames: shortNames(engine) });
}

/** Newest first. */
export function allImages({ store }: Engine): ImageRecord[] {
  return store.images.list();
}

/** Each image by its names, so that all of them go; unnamed ones by id. Children before what they were built on. */
export function everyImage(engine: Engine): string[] {
  const images = engine.store.images.list().filter(({ readOnlyStore }) => readOnlyStore === undefined);
  images.sort((a, b) => b.config.history.length - a.config.history.length);
  const lists = engine.options.asDocker === true ? [] : listsAsImages(engine.db);
  return [...lists, ...images].flatMap(({ id, names }) => (names.length === 0 ? [id] : names));
}

export async function tagImage(engine: Engine, name: string, targets: readonly string[]): Promise<void> {
  const normalised = targets.map((target) => localName(engine, target));
  const found = await lookUpImage(engine.store.images, name, { shortNames: shortNames(engine) });
  if (found === undefined) {
    const { tagManifestList } = await import('./manifest-lists.ts');
    if (tagManifestList(engine, name, normalised)) return;
  }
  const { image } = found ?? (await findImage(engine, name));
  for (const target of normalised) tag(engine.store, engine.db, { id: image.id, name: target });
}

export function untagImage(engine: Engine, name: string, names: readonly string[]): Promise<void> {
  return untag({ store: engine.store, db: engine.db }, name, names);
}

/** A name to be given: without a registry it is of this machine, as podman has it; docker says docker.io. */
export function localName(engine: Engine, text: string): string {
  const typed = parseTypedName(text);
  if (typed.digest !== undefined) throw new UsageError(`${text}: a name to be given cannot have a digest`);
  const isLocal = isShortName(text) && engine.options.asDocker !== true;
  return formatReference(withDefaultTag(parseReference(isLocal ? `localhost/${text}` : text)));
}

export function shortNames(engine: Engine): ShortNamePolicy {
  return engine.options.asDocker === true ? 'docker' : 'podman';
}

/** The full names that a pull tries, in order. */
export async function namesToPull(engine: Engine, name: string): Promise<string[]> {
  const { pullCandidates } = await import('../image/short-names.ts');
  const { readRegistriesConf } = await import('../image/registries-conf.ts');
  return pullCandidates(await readRegistriesConf(), name, shortNames(engine)).map(formatReference);
}

export function pullContext(engine: Engine, progress?: ProgressListener, signal?: AbortSignal): PullContext {
  const { store, db, paths } = engine;
  // A proxy may be named in [engine] env.
  void engine.config;
  return { store, db, leaseDirectory: paths.locks, temporary: temporaryDirectory(engine), progress, signal };
}

export function loadContext(engine: Engine, progress?: ProgressListener): LoadContext {
  return {
    store: engine.store,
    db: engine.db,
    leaseDirectory: engine.paths.locks,
    temporary: temporaryDirectory(engine),
    progress,
  };
}

export function temporaryDirectory(engine: Engine): string {
  return engine.options.tmpdir ?? engine.paths.temporary;
}
