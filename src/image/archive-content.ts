import { Readable } from 'node:stream';
import { ConflictError } from '../base/errors.ts';
import { type Digest, hexOf } from '../base/ids.ts';
import type { ImageRecord, LayerRecord, Store } from '../storage/store.ts';
import type { ArchiveSink } from './archive-sink.ts';
import type { BlobCompression } from './compress-blocks.ts';
import {
  chooseFormat,
  configDescriptor,
  type ManifestFormat,
  type PackedLayer,
  type WrittenManifest,
  writeManifest,
} from './image-manifest.ts';
import { countedBytes, layerBlob } from './layer-blob.ts';
import type { LayerProgress, PullEvent } from './pull-options.ts';

export type SaveFormat = 'docker-archive' | 'docker-dir' | 'oci-archive' | 'oci-dir';

export interface SaveWish {
  store: Store;
  images: readonly SavedImage[];
  format: SaveFormat;
  /** Of the layers; docker-archive has none. Default 'none'. */
  compression?: BlobCompression | undefined;
  compressionLevel?: number | undefined;
  /** For docker-dir (default v2s2) and the OCI formats (oci). */
  manifestFormat?: ManifestFormat | 'as-it-is' | undefined;
  /** An OCI layout that is there gets the images in addition; one image's directory is written again. */
  mayExtend?: boolean | undefined;
  /** For what must be measured before it goes into a tar; default the store's. */
  temporary?: string | undefined;
  progress?: ((event: PullEvent) => void) | undefined;
}

export interface SavedImage {
  image: ImageRecord;
  /** Names to keep in the archive, normalised; may be none. */
  names: readonly string[];
}

/** Puts the images into a sink and ends it. Returns the manifest of the last one, which a docker-archive has only in spirit. */
export async function writeArchive(wish: SaveWish, sink: ArchiveSink): Promise<WrittenManifest | undefined> {
  const manifest = await WRITERS[wish.format](wish, sink);
  await sink.end();
  return manifest;
}

async function writeDocker(wish: SaveWish, sink: ArchiveSink): Promise<WrittenManifest | undefined> {
  let last: WrittenManifest | undefined;
  const table: { Config: string; RepoTags: readonly string[] | null; Layers: string[] }[] = [];
  const tags: Record<string, Record<string, string>> = {};
  for (const { image, names } of wish.images) {
    const layers = layersOf(wish.store, image);
    for (const layer of layers)
      await putPlainLayer(wish, sink, { layer, name: `${hexOf(layer.diffId)}.tar` });
    const plain = layers.map(({ diffId, tarSize }) => plainLayer(diffId, tarSize));
    last = writeManifest(image, plain, 'v2s2');
    const config = `${image.id}.json`;
    if (!sink.has(config)) await sink.put(config, image.rawConfig);
    table.push({
      Config: config,
      RepoTags: names.length === 0 ? null : names,
      Layers: layers.map((layer) => `${hexOf(layer.diffId)}.tar`),
    });
    for (const name of names) {
      const colon = name.lastIndexOf(':');
      const repository = name.slice(0, colon);
      const top = layers.at(-1)?.diffId;
      tags[repository] = {
        ...tags[repository],
        [name.slice(colon + 1)]: top === undefined ? '' : hexOf(top),
      };
    }
  }
  await sink.put('manifest.json', JSON.stringify(table));
  await sink.put('repositories', JSON.stringify(tags));
  return last;
}

async function writeDirectory(wish: SaveWish, sink: ArchiveSink): Promise<WrittenManifest> {
  const [only, ...others] = wish.images;
  if (only === undefined || others.length > 0) {
    throw new ConflictError('the format docker-dir holds one image', {
      hint: 'use docker-archive for several',
    });
  }
  const manifest = await putImage(wish, sink, { image: only.image, locate: hexOf });
  await sink.put('manifest.json', manifest.text);
  await sink.put('version', 'Directory Transport Version: 1.1\n');
  return manifest;
}

async function writeLayout(wish: SaveWish, sink: ArchiveSink): Promise<WrittenManifest | undefined> {
  let last: WrittenManifest | undefined;
  const locate = (digest: Digest) => `blobs/${digest.replace(':', '/')}`;
  const manifests: LayoutEntry[] = [];
  for (const { image, names } of wish.images) {
    last = await putImage(wish, sink, { image, locate });
    const { text, digest, mediaType } = last;
    if (!sink.has(locate(digest))) await sink.put(locate(digest), text);
    const descriptor = { mediaType, digest, size: Buffer.byteLength(text) };
    if (names.length === 0) manifests.push(descriptor);
    for (const name of names) manifests.push({ ...descriptor, annotations: { [REF_NAME]: name } });
  }
  const before = wish.mayExtend === true ? otherEntries(sink.existing('index.json'), manifests) : [];
  await sink.put('index.json', JSON.stringify({ schemaVersion: 2, manifests: [...before, ...manifests] }));
  await sink.put('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return last;
}

const WRITERS = {
  'docker-archive': writeDocker,
  'docker-dir': writeDirectory,
  'oci-archive': writeLayout,
  'oci-dir': writeLayout,
};

const REF_NAME = 'org.opencontainers.image.ref.name';

interface LayoutEntry {
  digest: Digest;
  annotations?: Record<string, string>;
}

/** What the index of a layout has already, without the names that are given anew. */
function otherEntries(index: string | undefined, fresh: readonly LayoutEntry[]): LayoutEntry[] {
  if (index === undefined) return [];
  const { manifests } = JSON.parse(index) as { manifests?: LayoutEntry[] };
  return (manifests ?? []).filter((old) =>
    fresh.every((one) => {
      const name = one.annotations?.[REF_NAME];
      return name === undefined ? one.digest !== old.digest : name !== old.annotations?.[REF_NAME];
    }),
  );
}

interface Put {
  image: ImageRecord;
  locate: (digest: Digest) => string;
}

/** Puts configuration and layers and returns a manifest for them. */
async function putImage(wish: SaveWish, sink: ArchiveSink, { image, locate }: Put): Promise<WrittenManifest> {
  const packed: PackedLayer[] = [];
  for (const layer of layersOf(wish.store, image))
    packed.push(await putLayer(wish, sink, { layer, name: locate }));
  const config = configDescriptor(image, 'oci');
  if (!sink.has(locate(config.digest))) await sink.put(locate(config.digest), image.rawConfig);
  return writeManifest(image, packed, formatIn(wish, image));
}

function formatIn({ format, manifestFormat, compression = 'none' }: SaveWish, image: ImageRecord) {
  const usual = format.startsWith('docker') ? 'v2s2' : 'oci';
  const wanted = manifestFormat === 'as-it-is' ? undefined : (manifestFormat ?? usual);
  return chooseFormat(image, wanted, compression);
}

/** From the base up. */
function layersOf(store: Store, image: ImageRecord): LayerRecord[] {
  return image.topLayerId === undefined ? [] : store.layers.chain(image.topLayerId).reverse();
}

async function putLayer(
  wish: SaveWish,
  sink: ArchiveSink,
  { layer, name }: { layer: LayerRecord; name: (digest: Digest) => string },
): Promise<PackedLayer> {
  const { compression = 'none' } = wish;
  if (compression === 'none') {
    await putPlainLayer(wish, sink, { layer, name: name(layer.diffId) });
    return plainLayer(layer.diffId, layer.tarSize);
  }
  const report = reporter(wish, layer);
  const blob = layerBlob(wish.store, layer, {
    compression,
    level: wish.compressionLevel,
    onProgress: (bytes) => report('downloading', bytes),
  });
  await sink.putMeasured(blob.stream, () => name(blob.measure().digest));
  report('done', layer.tarSize);
  return { ...blob.measure(), compression };
}

function plainLayer(digest: Digest, size: number): PackedLayer {
  return { digest, size, compression: 'none' };
}

async function putPlainLayer(
  wish: SaveWish,
  sink: ArchiveSink,
  { layer, name }: { layer: LayerRecord; name: string },
): Promise<void> {
  if (sink.has(name)) return;
  const report = reporter(wish, layer);
  // Its digest is the store's own to check.
  const tar = wish.store.layers.export(layer.id);
  const counted = countedBytes(tar, (bytes) => report('downloading', bytes));
  await sink.putStream(
    name,
    layer.tarSize,
    Readable.from(counted, { objectMode: false, highWaterMark: 1 << 20 }),
  );
  report('done', layer.tarSize);
}

function reporter({ progress }: SaveWish, { diffId, tarSize }: LayerRecord) {
  return (state: LayerProgress, current: number) =>
    progress?.({ kind: 'layer', digest: diffId, current, total: tarSize, state });
}
