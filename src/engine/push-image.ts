import { NotFoundError, UnsupportedError, UsageError } from '../base/errors.ts';
import type { PushContext, PushOptions, PushReport } from '../image/push-options.ts';
import {
  formatReference,
  isShortName,
  parseReference,
  parseTypedName,
  repositoryOf,
  withDefaultTag,
} from '../image/reference.ts';
import { OWN_STORAGE } from '../image/transports.ts';
import { tagImage } from '../image/remove.ts';
import { lookUpImage } from '../image/resolve.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import {
  findImage,
  type Interruptible,
  type ProgressListener,
  shortNames,
  temporaryDirectory,
  tlsVerifyFor,
} from './images.ts';

export type { BlobCompression } from '../image/compress-blocks.ts';
export type { ManifestFormat } from '../image/image-manifest.ts';
export type { PushOptions, PushReport, RegistryAccess } from '../image/push-options.ts';

/** Pushes a local image, by default to where its name says. */
export async function pushImage(
  engine: Engine,
  name: string,
  options: PushOptions & Interruptible & { destination?: string | undefined; platform?: string | undefined },
  progress?: ProgressListener,
): Promise<PushReport> {
  const { lookUpManifestList, pushManifestList } = await import('./manifest-lists.ts');
  const list = (await isImageName(engine, name)) ? undefined : lookUpManifestList(engine, name);
  if (list !== undefined && options.platform === undefined)
    return pushManifestList(
      engine,
      list.id,
      { ...options, destination: options.destination ?? list.names[0] ?? '', all: true },
      progress,
    );
  const found = await findImage(engine, name, options.platform);
  const destination = options.destination ?? list?.names[0] ?? found.name;
  if (destination === '' || (options.destination === undefined && destination.includes('@')))
    throw new UsageError(`${name}: an image that is not named by its name needs a destination`, {
      hint: `for example \`tspod push ${name} registry.example.com/me/app:1.0\``,
    });
  if (destination.startsWith(OWN_STORAGE)) return pushToOwnStorage(engine, found.image, destination);
  const { pushImage: push } = await import('../image/push.ts');
  const context = { ...pushContext(engine, progress), signal: options.signal };
  const tlsVerify = tlsVerifyFor(engine, destination, options);
  return push(context, found.image, { ...options, tlsVerify, destination });
}

/** A copy within the storage is a further name. */
function pushToOwnStorage(engine: Engine, image: ImageRecord, destination: string): PushReport {
  const text = destination.slice(OWN_STORAGE.length);
  if (text.startsWith('['))
    throw new UnsupportedError(`cannot push to ${destination}: only this storage can be pushed to`, {
      hint: 'use --root for another one, with `tspod save IMAGE | tspod --root DIRECTORY load`',
    });
  // Programs that know this transport complete short names as docker does.
  const name = formatReference(withDefaultTag(parseReference(text)));
  tagImage(engine.store, engine.db, { id: image.id, name });
  return { name, digest: image.manifestDigest, manifestSize: Buffer.byteLength(image.manifest) };
}

async function isImageName(engine: Engine, name: string): Promise<boolean> {
  return (await lookUpImage(engine.store.images, name, { shortNames: shortNames(engine) })) !== undefined;
}

/** The local names of a repository, whatever their tag: what docker's `push --all-tags` pushes. */
export function tagsToPush(engine: Engine, name: string): string[] {
  const typed = parseTypedName(name);
  if (typed.tag !== undefined || typed.digest !== undefined)
    throw new UsageError('tag can not be used with --all-tags/-a');
  const spellings = isShortName(name) ? [name, `localhost/${name}`] : [name];
  const repositories = spellings.map((one) => repositoryOf(parseReference(one)));
  const names = engine.store.images.names().map((one) => one.name);
  for (const repository of repositories) {
    const found = names.filter((one) => one.slice(0, one.lastIndexOf(':')) === repository);
    if (found.length > 0) return found;
  }
  throw new NotFoundError('image', name, {
    message: `An image does not exist locally with the tag: ${name}`,
  });
}

export function pushContext(engine: Engine, progress?: ProgressListener): PushContext {
  return { store: engine.store, db: engine.db, temporary: temporaryDirectory(engine), progress };
}
