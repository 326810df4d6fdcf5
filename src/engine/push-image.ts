import { NotFoundError, UsageError } from '../base/errors.ts';
import type { PushContext, PushOptions, PushReport } from '../image/push-options.ts';
import { isShortName, parseReference, parseTypedName, repositoryOf } from '../image/reference.ts';
import { lookUpImage } from '../image/resolve.ts';
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
  if (destination === '' || /@/.test(destination))
    throw new UsageError(`${name}: an image that is not named by its name needs a destination`, {
      hint: `for example \`tspod push ${name} registry.example.com/me/app:1.0\``,
    });
  const { pushImage: push } = await import('../image/push.ts');
  const context = { ...pushContext(engine, progress), signal: options.signal };
  const tlsVerify = tlsVerifyFor(engine, destination, options);
  return push(context, found.image, { ...options, tlsVerify, destination });
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
