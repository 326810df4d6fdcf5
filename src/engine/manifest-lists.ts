import type { PlatformOptions } from '../image/manifest.ts';
import { NotFoundError, UsageError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { BlobCompression } from '../image/compress-blocks.ts';
import { chooseManifest, isPlatformMatch, wantedPlatform } from '../image/manifest.ts';
import {
  changeList,
  createList,
  deleteList,
  findList,
  indexDocument,
  type IndexFormat,
  type ListEntry,
  type ListPlatform,
  type ListSubject,
  lookUpList,
  type ManifestList,
  nameList,
  nameOfList,
  titleOf,
  withEntries,
} from '../image/manifest-list.ts';
import type { PushOptions, PushReport, RegistryAccess } from '../image/push-options.ts';
import { parseReference, repositoryOf, withDefaultTag } from '../image/reference.ts';
import type { ResolvedImage } from '../image/resolve.ts';
import { type Descriptor, isIndex } from '../oci/image-spec.ts';
import { fetchFromRegistry } from './distribution.ts';
import type { Engine } from './engine.ts';
import { findImage, imageExists, localName, type ProgressListener, tlsVerifyFor } from './images.ts';
import { pushContext } from './push-image.ts';

export type { ManifestList } from '../image/manifest-list.ts';

export interface AddOptions extends RegistryAccess {
  /** All images of an index, not only that for this platform. */
  all: boolean;
  annotations?: Record<string, string>;
  platform?: Partial<ListPlatform>;
}

export interface CreateListOptions {
  /** A list of that name may be there. */
  amend: boolean;
  annotations: Record<string, string>;
}

export function createManifestList(engine: Engine, name: string, options: CreateListOptions): ManifestList {
  const full = localName(engine, name);
  const known = findList(engine.db, full);
  if (known !== undefined && options.amend)
    return changeList(engine.db, known.id, (list) => ({
      ...list,
      annotations: { ...list.annotations, ...options.annotations },
    }));
  return createList(engine.db, full, options.annotations);
}

/** Throws NotFoundError. */
export function getManifestList(engine: Engine, name: string): ManifestList {
  const list = lookUpManifestList(engine, name);
  if (list !== undefined) return list;
  throw new NotFoundError('image', name, { message: `${name}: manifest list not known` });
}

export function lookUpManifestList(engine: Engine, name: string): ManifestList | undefined {
  return lookUpList(engine.db, name);
}

/** False when there is no list of that name. */
export function tagManifestList(engine: Engine, name: string, targets: readonly string[]): boolean {
  const list = lookUpManifestList(engine, name);
  if (list === undefined) return false;
  for (const target of targets) nameList(engine.db, list.id, target);
  return true;
}

/** The image of a local list that is for this machine or the platform, if it is here, too. Throws NotFoundError when it is not. */
export function imageOfList(
  engine: Engine,
  name: string,
  options: PlatformOptions = {},
): ResolvedImage | undefined {
  const list = lookUpManifestList(engine, name);
  if (list === undefined) return undefined;
  const wanted = wantedPlatform(options);
  for (const { source, platform } of list.entries) {
    if (!('imageId' in source) || !isPlatformMatch(platform, wanted)) continue;
    const image = engine.store.images.byId(source.imageId);
    if (image !== undefined) return { image, name: nameOfList(list, name) };
  }
  const { architecture, variant = '', os } = wanted;
  throw new NotFoundError('image', name, {
    message: `no image found in manifest list for architecture ${architecture}, variant ${JSON.stringify(variant)}, OS ${os}: image not known`,
  });
}

/** Adds a local image, or what a registry has under that name. */
export async function addToManifestList(
  engine: Engine,
  listName: string,
  imageName: string,
  options: AddOptions,
): Promise<ManifestList> {
  const { id } = getManifestList(engine, listName);
  const found = await entriesFor(engine, imageName, options);
  const entries = found.map((entry) => ({
    ...entry,
    platform: { ...entry.platform, ...options.platform },
    annotations: { ...entry.annotations, ...options.annotations },
  }));
  return changeList(engine.db, id, (list) => withEntries(list, entries));
}

export interface AnnotateOptions {
  annotations: Record<string, string>;
  /** An image that the list is about; for the list itself only. */
  subject?: string | undefined;
  platform: Partial<ListPlatform>;
}

/** `which` is a digest or the name of an image in the list; undefined for the list itself. */
export async function annotateManifestList(
  engine: Engine,
  listName: string,
  which: string | undefined,
  { annotations, platform, subject: subjectName }: AnnotateOptions,
): Promise<ManifestList> {
  const list = getManifestList(engine, listName);
  if (which === undefined) {
    const subject = subjectName === undefined ? {} : { subject: await subjectFor(engine, subjectName) };
    return changeList(engine.db, list.id, (now) => ({
      ...now,
      ...subject,
      annotations: { ...now.annotations, ...annotations },
    }));
  }
  const digest = await digestIn(engine, list, which);
  return changeList(engine.db, list.id, (now) => ({
    ...now,
    entries: now.entries.map((entry) =>
      entry.digest === digest
        ? {
            ...entry,
            platform: { ...entry.platform, ...platform },
            annotations: { ...entry.annotations, ...annotations },
          }
        : entry,
    ),
  }));
}

export async function removeFromManifestList(
  engine: Engine,
  listName: string,
  which: string,
): Promise<ManifestList> {
  const list = getManifestList(engine, listName);
  const digest = await digestIn(engine, list, which);
  return changeList(engine.db, list.id, (now) => ({
    ...now,
    entries: now.entries.filter((entry) => entry.digest !== digest),
  }));
}

export function removeManifestList(engine: Engine, name: string): ManifestList {
  const list = getManifestList(engine, name);
  deleteList(engine.db, list.id);
  return list;
}

export interface VerboseManifest {
  reference: string;
  descriptor: Descriptor;
  /** Byte for byte. */
  text: string;
}

/** Each image of a local list or of what a registry has, with its manifest. */
export async function inspectManifests(
  engine: Engine,
  name: string,
  access: RegistryAccess,
): Promise<VerboseManifest[]> {
  const list = lookUpManifestList(engine, name);
  if (list !== undefined)
    return await Promise.all(list.entries.map((entry) => verboseEntry(engine, entry, access)));
  const { name: full, manifest, platform } = await fetchFromRegistry(engine, name, access);
  const { parsed, text, mediaType, digest } = manifest;
  const repository = repositoryOf(parseReference(full));
  if (isIndex(parsed))
    return await Promise.all(
      parsed.manifests.map(async (descriptor) => {
        const reference = `${repository}@${descriptor.digest}`;
        const one = await fetchFromRegistry(engine, reference, access);
        return { reference, descriptor, text: one.manifest.text };
      }),
    );
  const descriptor = { mediaType, digest, size: Buffer.byteLength(text) };
  return [
    { reference: full, descriptor: { ...descriptor, ...(platform === undefined ? {} : { platform }) }, text },
  ];
}

async function verboseEntry(
  engine: Engine,
  { source, mediaType, digest, size, platform }: ListEntry,
  access: RegistryAccess,
): Promise<VerboseManifest> {
  const descriptor = { mediaType, digest, size, platform };
  if ('imageId' in source) {
    const image = engine.store.images.byId(source.imageId);
    if (image !== undefined)
      return { reference: image.names[0] ?? image.id, descriptor, text: image.manifest };
    throw new NotFoundError('image', source.imageId, {
      message: `image ${source.imageId.slice(0, 12)} of the list is no longer in local storage`,
    });
  }
  const reference = `${source.reference}@${digest}`;
  const { manifest } = await fetchFromRegistry(engine, reference, access);
  return { reference, descriptor, text: manifest.text };
}

/** The document of a local list, else of what a registry has under that name. */
export async function inspectManifest(engine: Engine, name: string, access: RegistryAccess): Promise<string> {
  const list = lookUpManifestList(engine, name);
  if (list !== undefined) return indexDocument(list).text;
  const { manifest } = await fetchFromRegistry(engine, name, access);
  return JSON.stringify(JSON.parse(manifest.text), undefined, 4);
}

export interface PushListOptions extends PushOptions {
  destination: string;
  all: boolean;
  /** Compressions that local images are pushed in, besides. */
  addCompression?: readonly BlobCompression[] | undefined;
  listFormat?: IndexFormat | undefined;
}

export async function pushManifestList(
  engine: Engine,
  name: string,
  { destination, all, addCompression, listFormat, ...options }: PushListOptions,
  progress?: ProgressListener,
): Promise<PushReport> {
  const list = getManifestList(engine, name);
  if (/^(docker-archive|oci|oci-archive|dir|containers-storage|docker-daemon):(?!\d)/.test(destination))
    throw new UsageError(`a manifest list can only be pushed to a registry, not to ${destination}`);
  const reference = withDefaultTag(parseReference(destination.replace(/^docker:\/\//, '')));
  const tlsVerify = tlsVerifyFor(engine, destination, options);
  const { pushList } = await import('../image/push-list.ts');
  return pushList(pushContext(engine, progress), {
    list,
    reference,
    options: { ...options, tlsVerify },
    all,
    addCompression,
    format: listFormat,
  });
}

async function subjectFor(engine: Engine, name: string): Promise<ListSubject> {
  const [entry] = await entriesFor(engine, name, { all: false });
  if (entry === undefined) throw new NotFoundError('image', name);
  const { mediaType, digest, size } = entry;
  return { mediaType, digest, size };
}

async function entriesFor(engine: Engine, name: string, options: AddOptions): Promise<ListEntry[]> {
  const bare = name.replace(/^docker:\/\//, '');
  if (bare === name && (await imageExists(engine, name))) {
    const { image } = await findImage(engine, name);
    const { os, architecture, variant } = image.config;
    return [
      {
        mediaType: image.manifestType,
        digest: image.manifestDigest,
        size: Buffer.byteLength(image.manifest),
        platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
        annotations: {},
        source: { imageId: image.id },
      },
    ];
  }
  const { name: full, manifest, platform } = await fetchFromRegistry(engine, bare, accessOf(options));
  const source = { reference: repositoryOf(parseReference(full)) };
  const { parsed, text, mediaType, digest } = manifest;
  if (!isIndex(parsed)) {
    const ofImage = platform ?? wantedPlatform({});
    return [{ mediaType, digest, size: Buffer.byteLength(text), platform: ofImage, annotations: {}, source }];
  }
  const chosen = options.all ? parsed.manifests : [chooseManifest(parsed, wantedPlatform({}), full)];
  return chosen.map((one) => ({
    mediaType: one.mediaType,
    digest: one.digest,
    size: one.size,
    platform: one.platform ?? wantedPlatform({}),
    annotations: one.annotations ?? {},
    source,
  }));
}

function accessOf({
  all: _all,
  annotations: _annotations,
  platform: _platform,
  ...access
}: AddOptions): RegistryAccess {
  return access;
}

async function digestIn(engine: Engine, list: ManifestList, which: string): Promise<Digest> {
  const direct = list.entries.find(({ digest }) => digest === which || digest === `sha256:${which}`);
  if (direct !== undefined) return direct.digest;
  if (!which.startsWith('sha256:') && (await imageExists(engine, which))) {
    const { image } = await findImage(engine, which);
    const entry = list.entries.find(({ source }) => 'imageId' in source && source.imageId === image.id);
    if (entry !== undefined) return entry.digest;
  }
  throw new NotFoundError('image', which, { message: `no image ${which} in manifest list ${titleOf(list)}` });
}
