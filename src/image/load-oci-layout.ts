import { IntegrityError, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { type Digest, hexOf, sha256Of } from '../base/ids.ts';
import {
  type Descriptor,
  type ImageManifest,
  isIndex,
  parseImageConfig,
  parseManifest,
} from '../oci/image-spec.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { changeImages, imageEvent } from './change-images.ts';
import { digestOf } from './digest.ts';
import { LARGEST_CONFIG, LARGEST_MANIFEST } from './limits.ts';
import { isWanted, type LoadContext, type LoadedImage, type LoadOptions } from './load-options.ts';
import { chooseManifest, wantedPlatform } from './manifest.ts';
import { pullLayers } from './pull-layers.ts';
import { chosenByIndex } from './transports.ts';
import { formatReference, isShortName, parseReference, withDefaultTag } from './reference.ts';

/** Where the blob of a digest lies. */
type Locate = (digest: Digest) => string;

/** index.json lists the images, `blobs/` has everything by digest. */
export async function loadOciLayout(
  context: LoadContext,
  files: ArchiveFiles,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const text = (await files.read('index.json', LARGEST_MANIFEST)).toString('utf8');
  const index = parseManifest(text, 'index.json of the archive');
  if (!isIndex(index)) throw new IntegrityError('index.json of the archive is not an index');
  const named = index.manifests.map((descriptor) => ({ descriptor, name: nameOf(descriptor) }));
  const { only } = options;
  const counted = chosenByIndex(named, only);
  const wanted =
    counted !== undefined
      ? [counted]
      : named.filter((one) => only === undefined || isNamed(one.descriptor, one.name, only));
  if (wanted.length === 0) {
    throw new NotFoundError('image', only ?? '', {
      message: only === undefined ? 'the archive has no image' : `the archive has no image ${only}`,
    });
  }
  const locate: Locate = (digest) => `blobs/${digest.replace(':', '/')}`;
  // One image for several platforms without an index of its own: take ours.
  const isMultiPlatform =
    wanted.length > 1 &&
    wanted.every((one) => one.descriptor.platform !== undefined && one.name === wanted[0]?.name);
  const chosen = isMultiPlatform
    ? [
        chooseManifest(
          { ...index, manifests: wanted.map((one) => one.descriptor) },
          wantedPlatform(options),
          'the archive',
        ),
      ]
    : wanted.map((one) => one.descriptor);
  const loaded: LoadedImage[] = [];
  for (const descriptor of chosen) {
    const name = nameOf(descriptor);
    loaded.push(...(await loadOne({ context, files, locate, options }, descriptor, name)));
  }
  return loaded;
}

/** skopeo's `dir:`: a manifest and its blobs, named by their digests. */
export async function loadDirectoryImage(
  context: LoadContext,
  files: ArchiveFiles,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const bytes = await files.read('manifest.json', LARGEST_MANIFEST);
  const locate: Locate = (digest) => (digest === self ? 'manifest.json' : hexOf(digest));
  const self = sha256Of(bytes);
  const descriptor: Descriptor = { mediaType: '', digest: self, size: bytes.length };
  return loadOne({ context, files, locate, options }, descriptor, undefined);
}

interface Archive {
  context: LoadContext;
  files: ArchiveFiles;
  locate: Locate;
  options: LoadOptions;
}

const DEEPEST_INDEX = 3;

async function loadOne(
  archive: Archive,
  descriptor: Descriptor,
  name: string | undefined,
): Promise<LoadedImage[]> {
  const { context, files, locate, options } = archive;
  const what = name ?? descriptor.digest;
  const digests: Digest[] = [];
  let current = descriptor;
  let text = '';
  let manifest: ImageManifest | undefined;
  while (manifest === undefined) {
    text = (await readBlob(archive, current, LARGEST_MANIFEST)).toString('utf8');
    digests.push(current.digest);
    const parsed = parseManifest(text, `manifest of ${what}`);
    if (!isIndex(parsed)) manifest = parsed;
    else if (digests.length > DEEPEST_INDEX)
      throw new UnsupportedError(`${what}: indexes are nested too deeply`);
    else current = chooseManifest(parsed, wantedPlatform(options), what);
  }
  const rawConfig = (await readBlob(archive, manifest.config, LARGEST_CONFIG)).toString('utf8');
  const config = parseImageConfig(rawConfig, `configuration of ${what}`);
  if (!isWanted(config, options)) return [];
  const top = await pullLayers({
    store: context.store,
    leaseDirectory: context.leaseDirectory,
    layers: manifest.layers,
    diffIds: config.diffIds,
    open: (layer) => files.stream(locate(layer.digest)),
    signal: context.signal,
    progress: context.progress,
    what,
  });
  const names = name === undefined ? [] : [name];
  const image = changeImages(
    context.db,
    () =>
      context.store.images.add({
        manifest: text,
        manifestType: manifest.mediaType,
        rawConfig,
        topLayerId: top?.id,
        names,
        digests:
          name === undefined
            ? []
            : digests.map((digest) => [name.slice(0, name.lastIndexOf(':')), digest] as const),
      }),
    ({ id }) => [imageEvent('loadfromarchive', id, what)],
  );
  context.progress?.({ kind: 'stored', id: image.id });
  return [{ image, names }];
}

async function readBlob({ files, locate }: Archive, blob: Descriptor, limit: number): Promise<Buffer> {
  const bytes = await files.read(locate(blob.digest), limit);
  const actual = digestOf(blob.digest, bytes);
  if (actual !== blob.digest) {
    throw new IntegrityError(`blob ${blob.digest} of the archive has digest ${actual}`);
  }
  return bytes;
}

const NAME_ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

/** podman's rule: names without a registry are local ones; a bare digest is no name. */
function nameOf(descriptor: Descriptor): string | undefined {
  const text = NAME_ANNOTATIONS.map((key) => descriptor.annotations?.[key]).find((value) => !!value);
  if (text === undefined) return undefined;
  try {
    const reference = withDefaultTag(parseReference(isShortName(text) ? `localhost/${text}` : text));
    return reference.digest === undefined ? formatReference(reference) : undefined;
  } catch {
    // The annotation may be any text.
    return undefined;
  }
}

function isNamed(descriptor: Descriptor, name: string | undefined, only: string): boolean {
  if (NAME_ANNOTATIONS.some((key) => descriptor.annotations?.[key] === only)) return true;
  return (
    name !== undefined &&
    (name === only || name === `localhost/${only}` || name === `localhost/${only}:latest`)
  );
}
