import { crashPoint } from '../base/crash-point.ts';
import type { Digest } from '../base/ids.ts';
import type { ImageRecord, LayerRecord } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import type { BlobCompression } from './compress-blocks.ts';
import { endpointsFor } from './endpoints.ts';
import {
  chooseFormat,
  configDescriptor,
  type ManifestFormat,
  type PackedLayer,
  writeManifest,
} from './image-manifest.ts';
import { type KnownBlob, knownBlobs, rememberBlob } from './known-blobs.ts';
import { layerBlob } from './layer-blob.ts';
import { openRepository } from './open-repository.ts';
import type { LayerProgress } from './pull-options.ts';
import type { PushContext, PushOptions, PushReport } from './push-options.ts';
import { formatReference, type ImageReference, repositoryOf } from './reference.ts';
import { readRegistriesConf } from './registries-conf.ts';
import type { RegistryClient } from './registry-client.ts';
import { makeSlots } from './slots.ts';
import { hasBlob, mountBlob, putManifest, uploadBytes, uploadStream } from './upload-blob.ts';

/** Packing keeps the processors busy; a second layer fills the waits for the network. */
const PARALLEL = 2;
/** A registry is asked about so many blobs that a layer may be there as. */
const MOST_CANDIDATES = 4;
const MOST_MOUNT_SOURCES = 4;

export interface RegistryPush {
  image: ImageRecord;
  /** With a tag, or with a digest for an image that only a list will name. */
  reference: ImageReference;
  options: PushOptions;
}

/** Sends what the registry lacks of the image, the manifest last: whoever pulls meanwhile gets the old image or the new one. */
export async function pushToRegistry(context: PushContext, push: RegistryPush): Promise<PushReport> {
  const { image, reference, options } = push;
  const conf = await readRegistriesConf(context.env);
  const endpoint = endpointsFor(conf, reference, options.tlsVerify).at(-1);
  if (endpoint === undefined) throw new Error('no endpoint');
  const repository = repositoryOf(reference);
  const layers = layersOf(context, image);
  const known = new Map(layers.map((layer) => [layer.diffId, knownBlobs(context.db, layer)]));
  const client = await openRepository(
    {
      endpoint,
      credentialsFor: repository,
      options,
      conf,
      env: context.env,
      access: 'pull,push',
      alsoPullFrom: mountSources([...known.values()].flat(), reference),
    },
    context.signal,
  );
  try {
    return await pushImage(context, client, { ...push, layers, known });
  } finally {
    await client.close();
  }
}

interface OpenPush extends RegistryPush {
  /** From the base up. */
  layers: readonly LayerRecord[];
  known: ReadonlyMap<Digest, readonly KnownBlob[]>;
}

async function pushImage(context: PushContext, client: RegistryClient, push: OpenPush): Promise<PushReport> {
  const { image, reference, options } = push;
  const { signal } = context;
  const compression = options.compression ?? 'gzip';
  const format = chooseFormat(image, options.format, compression);
  const packed = await pushLayers(context, client, { ...push, compression, format });
  const config = configDescriptor(image, format);
  if (!(await hasBlob(client, config.digest, signal)))
    await uploadBytes(client, Buffer.from(image.rawConfig), signal);
  context.progress?.({ kind: 'config', digest: config.digest });
  crashPoint('push-before-manifest');
  const manifest = writeManifest(image, packed, format);
  await putManifest(client, reference.tag ?? manifest.digest, { ...manifest, signal });
  changeImages(
    context.db,
    () => context.store.images.addDigest(image.id, [repositoryOf(reference), manifest.digest]),
    () => [imageEvent('push', image.id, formatReference(reference))],
  );
  context.progress?.({ kind: 'stored', id: image.id });
  return {
    name: formatReference(reference),
    digest: manifest.digest,
    manifestSize: Buffer.byteLength(manifest.text),
    mediaType: manifest.mediaType,
  };
}

type LayersPush = OpenPush & { compression: BlobCompression; format: ManifestFormat };

/** Several layers at a time; after a failure no other goes on. */
async function pushLayers(
  context: PushContext,
  client: RegistryClient,
  push: LayersPush,
): Promise<PackedLayer[]> {
  const stop = new AbortController();
  const signal = context.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, context.signal]);
  const slots = makeSlots(PARALLEL);
  const byDiffId = new Map<Digest, Promise<PackedLayer>>();
  for (const layer of push.layers) {
    // The same content may be in an image twice.
    if (byDiffId.has(layer.diffId)) continue;
    const one = slots(() => {
      signal.throwIfAborted();
      return pushLayer({ ...context, signal }, client, { ...push, layer });
    });
    one.catch((error: unknown) => stop.abort(error));
    byDiffId.set(layer.diffId, one);
  }
  await Promise.allSettled(byDiffId.values());
  if (stop.signal.aborted) throw stop.signal.reason;
  return Promise.all(push.layers.map((layer) => byDiffId.get(layer.diffId) as Promise<PackedLayer>));
}

async function pushLayer(
  context: PushContext,
  client: RegistryClient,
  push: LayersPush & { layer: LayerRecord },
): Promise<PackedLayer> {
  const { layer, compression, options, reference } = push;
  const repository = repositoryOf(reference);
  const report = (digest: Digest, state: LayerProgress, [current, total]: readonly [number, number]) =>
    context.progress?.({ kind: 'layer', digest, current, total, state });
  const present = await findThere(client, push, context.signal);
  if (present !== undefined) {
    rememberBlob(context.db, layer.diffId, { ...present, repository });
    report(layer.diffId, 'exists', [present.size, present.size]);
    return present;
  }
  report(layer.diffId, 'waiting', [0, layer.tarSize]);
  const wish = {
    compression,
    level: options.compressionLevel,
    onProgress: (bytes: number) => report(layer.diffId, 'downloading', [bytes, layer.tarSize]),
  };
  const blob = await uploadStream(client, () => layerBlob(context.store, layer, wish), context.signal);
  rememberBlob(context.db, layer.diffId, { ...blob, compression, repository });
  report(layer.diffId, 'done', [layer.tarSize, layer.tarSize]);
  crashPoint('push-after-layer');
  return { ...blob, compression };
}

/** A blob of the layer that the registry has already, here or in a repository that it takes it over from. */
async function findThere(
  client: RegistryClient,
  { layer, known, options, compression, format, reference }: LayersPush & { layer: LayerRecord },
  signal: AbortSignal | undefined,
): Promise<PackedLayer | undefined> {
  const isWelcome = (blob: KnownBlob): boolean => {
    if (format === 'v2s2' && blob.compression === 'zstd') return false;
    if (options.forceCompression === true) return blob.compression === compression;
    return blob.compression !== 'none' || compression === 'none';
  };
  const candidates = (known.get(layer.diffId) ?? []).filter(isWelcome);
  const distinct = new Map(candidates.map((blob) => [blob.digest, blob]));
  for (const blob of [...distinct.values()].slice(0, MOST_CANDIDATES)) {
    if (await hasBlob(client, blob.digest, signal)) return blob;
  }
  const elsewhere = candidates.filter((one) => sourcePath(one, reference) !== undefined);
  for (const blob of elsewhere.slice(0, MOST_CANDIDATES)) {
    const from = sourcePath(blob, reference) ?? '';
    if (await mountBlob(client, { digest: blob.digest, from }, signal)) return blob;
  }
  return undefined;
}

function mountSources(blobs: readonly KnownBlob[], reference: ImageReference): string[] {
  const paths = blobs.map((blob) => sourcePath(blob, reference)).filter((path) => path !== undefined);
  return [...new Set(paths)].slice(0, MOST_MOUNT_SOURCES);
}

/** The blob's path in the same registry, if it is another one there. */
function sourcePath(blob: KnownBlob, { domain, path }: ImageReference): string | undefined {
  const prefix = `${domain}/`;
  if (!blob.repository.startsWith(prefix)) return undefined;
  const from = blob.repository.slice(prefix.length);
  return from === path ? undefined : from;
}

function layersOf({ store }: PushContext, image: ImageRecord): LayerRecord[] {
  return image.topLayerId === undefined ? [] : store.layers.chain(image.topLayerId).reverse();
}
