import type { Readable, Writable } from 'node:stream';
import { NotFoundError, UsageError } from '../base/errors.ts';
import type { SavedImage, SaveFormat } from '../image/archive-save.ts';
import { isLoopback } from '../image/endpoints.ts';
import { type HistoryReport, imageHistory as historyOf } from '../image/history.ts';
import { inspectImage as documentOf } from '../image/image-inspect.ts';
import type { ImportOptions } from '../image/import-tar.ts';
import type { LoadContext, LoadedImage, LoadOptions } from '../image/load-options.ts';
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
import { lookUpImage, type ResolvedImage, resolveImage } from '../image/resolve.ts';
import type { ShortNamePolicy } from '../image/short-names.ts';
import { allowReserve } from '../state/db.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { listsAsImages } from './listed-manifests.ts';
import { containerIdsByImage, hidesIntermediate, imagePredicate } from './image-filters.ts';

export type { SaveFormat } from '../image/archive-save.ts';
export { applyChanges } from '../image/change-config.ts';
export type { HistoryReport } from '../image/history.ts';
export type { LoadedImage } from '../image/load-options.ts';
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

/** Throws NotFoundError. */
export async function findImage(engine: Engine, name: string): Promise<ResolvedImage> {
  const options = { shortNames: shortNames(engine) };
  const found = await lookUpImage(engine.store.images, name, options);
  if (found !== undefined) return found;
  const { imageOfList } = await import('./manifest-lists.ts');
  return imageOfList(engine, name) ?? resolveImage(engine.store.images, name, options);
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
export async function inspectImage(engine: Engine, name: string): Promise<Record<string, unknown>> {
  return documentOf(engine.store, (await findImage(engine, name)).image);
}

export async function imageHistory(engine: Engine, name: string): Promise<HistoryReport[]> {
  return historyOf(engine.store, (await findImage(engine, name)).image);
}

export interface RemoveImagesOptions {
  force: boolean;
  ignore: boolean;
}

/** Failures are in the report, so that what was done is told as well. */
export function removeImages(
  engine: Engine,
  names: readonly string[],
  options: RemoveImagesOptions,
): Promise<RemoveReport> {
  const { db, store } = engine;
  allowReserve(db);
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

export async function loadImages(
  engine: Engine,
  input: string | Readable,
  progress?: ProgressListener,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const { loadImages: loadArchive } = await import('../image/archive-load.ts');
  return loadArchive(loadContext(engine, progress), input, options);
}

export interface SaveImagesOptions {
  format: SaveFormat;
  /** Every word is an image; without it the words after the first are further names for it. */
  severalImages: boolean;
  /** Layers are compressed with gzip. */
  compress: boolean;
  output: string | Writable;
}

export async function saveImages(
  engine: Engine,
  words: readonly string[],
  options: SaveImagesOptions,
  progress?: ProgressListener,
): Promise<void> {
  const { format, output } = options;
  const images = await imagesToSave(engine, words, options.severalImages);
  const compression = options.compress ? ('gzip' as const) : undefined;
  const temporary = temporaryDirectory(engine);
  const wish = { store: engine.store, images, format, compression, temporary, progress };
  const { saveToPath, saveToStream } = await import('../image/archive-save.ts');
  if (typeof output === 'string') await saveToPath(wish, output);
  else await saveToStream(wish, output);
}

/** `names` as typed. */
export async function importImage(
  engine: Engine,
  input: string | Readable,
  options: ImportOptions,
  progress?: ProgressListener,
): Promise<ImageRecord> {
  const { importTar } = await import('../image/import-tar.ts');
  const names = (options.names ?? []).map((name) => localName(engine, name));
  return importTar(loadContext(engine, progress), input, { ...options, names });
}

async function imagesToSave(
  engine: Engine,
  words: readonly string[],
  severalImages: boolean,
): Promise<SavedImage[]> {
  const [first, ...others] = words;
  if (first === undefined) throw new UsageError('need at least 1 argument');
  const main = await findImage(engine, first);
  const names = main.name === '' ? [] : [main.name];
  if (!severalImages) {
    return [{ image: main.image, names: [...names, ...others.map((name) => localName(engine, name))] }];
  }
  const byId = new Map<string, SavedImage & { names: string[] }>();
  for (const word of words) {
    const { image, name } = await findImage(engine, word);
    const entry = byId.get(image.id) ?? { image, names: [] };
    if (name !== '' && !entry.names.includes(name)) entry.names.push(name);
    byId.set(image.id, entry);
  }
  return [...byId.values()];
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

export function pullContext(engine: Engine, progress?: ProgressListener, signal?: AbortSignal): PullContext {
  const { store, db, paths } = engine;
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
