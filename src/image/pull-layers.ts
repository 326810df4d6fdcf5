import type { Readable } from 'node:stream';
import { crashPoint } from '../base/crash-point.ts';
import { IntegrityError } from '../base/errors.ts';
import { type Digest, hexOf } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { type Descriptor, MEDIA } from '../oci/image-spec.ts';
import { withLease } from '../storage/lease.ts';
import { isInterruption, openPartialBlob, type PartialBlob } from '../storage/partial-blobs.ts';
import type { LayerRecord, Store } from '../storage/store.ts';
import { chainIds } from './digest.ts';
import type { LayerProgress, PullEvent } from './pull-options.ts';
import { makeSlots } from './slots.ts';

export interface LayersWish {
  store: Store;
  leaseDirectory: string;
  layers: readonly Descriptor[];
  diffIds: readonly Digest[];
  /** False when the descriptors do not tell digest and size of what `open` gives. Default true. */
  areBlobs?: boolean;
  /** Opens the compressed bytes of a layer; it goes on behind what `partial` has, and adds to it. */
  open: (layer: Descriptor, signal: AbortSignal, partial: PartialBlob | undefined) => Readable;
  /** Where downloads that break off are kept for the next attempt; absent where nothing is downloaded. */
  partials?: string | undefined;
  signal?: AbortSignal | undefined;
  progress?: ((event: PullEvent) => void) | undefined;
  what: string;
}

/** How many layers are fetched and unpacked at a time. */
const PARALLEL = 2;

/**
 * Makes sure that all layers of an image are in the store and returns the topmost, undefined for an image without layers.
 * Those that are there are not fetched. After a failure no other layer goes on; complete ones stay for the next attempt.
 */
export async function pullLayers(wish: LayersWish): Promise<LayerRecord | undefined> {
  const { layers, diffIds, what } = wish;
  if (layers.length !== diffIds.length) {
    throw new IntegrityError(
      `${what} has ${layers.length} layers, but its configuration names ${diffIds.length}`,
    );
  }
  const chain = chainIds(diffIds);
  const stop = new AbortController();
  const signal = wish.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, wish.signal]);
  const slots = makeSlots(PARALLEL);
  let parent: Promise<LayerRecord | undefined> = Promise.resolve(undefined);
  const all: Promise<LayerRecord>[] = [];
  for (const [i, layer] of layers.entries()) {
    const chainId = chain[i] as Digest;
    const below = parent;
    const one = slots(() => {
      signal.throwIfAborted();
      return ensureLayer(wish, { layer, chainId, diffId: diffIds[i] as Digest, parent: below, signal });
    });
    one.catch((error: unknown) => stop.abort(error));
    all.push(one);
    parent = one;
    parent.catch(() => {});
  }
  await Promise.allSettled(all);
  if (stop.signal.aborted) throw stop.signal.reason;
  return parent;
}

interface LayerWish {
  layer: Descriptor;
  chainId: Digest;
  diffId: Digest;
  parent: Promise<LayerRecord | undefined>;
  signal: AbortSignal;
}

async function ensureLayer(wish: LayersWish, one: LayerWish): Promise<LayerRecord> {
  const { store } = wish;
  const { layer, chainId } = one;
  const report = (state: LayerProgress, current: number) =>
    wish.progress?.({ kind: 'layer', digest: layer.digest, current, total: layer.size, state });
  const present = store.layers.find(chainId);
  if (present !== undefined) {
    report('exists', layer.size);
    return present;
  }
  const lease = {
    directory: wish.leaseDirectory,
    name: `layer-${hexOf(chainId)}`,
    signal: one.signal,
    onWait: () => report('waiting', 0),
  };
  return withLease(lease, async (signal) => {
    const meanwhile = store.layers.find(chainId);
    if (meanwhile !== undefined) {
      report('exists', layer.size);
      return meanwhile;
    }
    report('downloading', 0);
    const record = await withPartial(wish, layer, signal, (partial) =>
      store.layers.apply({
        parent: one.parent,
        chainId,
        diffId: one.diffId,
        source: wish.open(layer, signal, partial),
        compression: compressionOf(layer.mediaType),
        ...(wish.areBlobs === false
          ? {}
          : { blobDigest: layer.digest, blobSize: layer.size, mediaType: layer.mediaType }),
        partial,
        signal,
        onProgress: (bytes) => report('downloading', bytes),
      }),
    );
    report('done', layer.size);
    crashPoint('pull-after-layer');
    return record;
  });
}

/** What came before a download broke off stays for the next attempt; what turns out to be damaged does not. */
async function withPartial<T>(
  { partials }: LayersWish,
  layer: Descriptor,
  signal: AbortSignal,
  work: (partial: PartialBlob | undefined) => Promise<T>,
): Promise<T> {
  const partial = partials === undefined ? undefined : openPartialBlob(partials, layer.digest, layer.size);
  const attempt = async (): Promise<T> => {
    try {
      return await work(partial);
    } catch (error) {
      if (isInterruption(signal.aborted ? signal.reason : error)) partial?.keep();
      if (!(error instanceof IntegrityError) || partial === undefined || partial.length === 0) throw error;
      // A power cut may have damaged what was kept.
      log('debug', `${layer.digest} is fetched from its beginning: ${error.message}`);
      partial.reset();
      return await attempt();
    }
  };
  try {
    return await attempt();
  } finally {
    partial?.remove();
  }
}

/** Some tools mislabel zstd as gzip and the like; only a plain tar is taken at its word. */
function compressionOf(mediaType: string): 'none' | 'detect' {
  return mediaType === MEDIA.ociLayer ? 'none' : 'detect';
}
