import type { Readable, Writable } from 'node:stream';
import { UsageError } from '../base/errors.ts';
import type { SavedImage, SaveFormat } from '../image/archive-save.ts';
import type { ImportOptions } from '../image/import-tar.ts';
import type { LoadedImage, LoadOptions } from '../image/load-options.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import {
  familiarName,
  findImage,
  loadContext,
  localName,
  type ProgressListener,
  temporaryDirectory,
} from './images.ts';

export type { SaveFormat } from '../image/archive-save.ts';
export type { LoadedImage } from '../image/load-options.ts';

/** Use cases on images that come as archives or go into them. */

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
  /** All of them must be for this one. */
  platform?: string | undefined;
  output: string | Writable;
}

export async function saveImages(
  engine: Engine,
  words: readonly string[],
  options: SaveImagesOptions,
  progress?: ProgressListener,
): Promise<void> {
  const { format, output } = options;
  const images = await imagesToSave(engine, words, options);
  const compression = options.compress ? ('gzip' as const) : undefined;
  const temporary = temporaryDirectory(engine);
  // docker writes names as it shows them.
  const isDockers = engine.options.asDocker === true && format === 'docker-archive';
  const saved = isDockers
    ? images.map(({ image, names }) => ({ image, names: names.map(familiarName) }))
    : images;
  const wish = { store: engine.store, images: saved, format, compression, temporary, progress };
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
  { severalImages, platform }: SaveImagesOptions,
): Promise<SavedImage[]> {
  const [first, ...others] = words;
  if (first === undefined) throw new UsageError('need at least 1 argument');
  const main = await findImage(engine, first, platform);
  const names = main.name === '' ? [] : [main.name];
  if (!severalImages) {
    return [{ image: main.image, names: [...names, ...others.map((name) => localName(engine, name))] }];
  }
  const byId = new Map<string, SavedImage & { names: string[] }>();
  for (const word of words) {
    const { image, name } = await findImage(engine, word, platform);
    const entry = byId.get(image.id) ?? { image, names: [] };
    if (name !== '' && !entry.names.includes(name)) entry.names.push(name);
    byId.set(image.id, entry);
  }
  return [...byId.values()];
}
