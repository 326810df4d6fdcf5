import type { Platform } from '../oci/image-spec.ts';
import type { Database } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import type { ImageRecord, LayerRecord, Store } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import { composeManifest, type ManifestFormat, type PackedLayer } from './image-manifest.ts';
import { compressionOfType } from './known-blobs.ts';
import { hostPlatform } from './manifest.ts';

export interface CommitWish {
  /** The image that the container was made from. */
  base: ImageRecord | undefined;
  /** The topmost layer of the new image. */
  top: LayerRecord;
  /** `top` has everything: the history of the base is not that of the new image's layers. */
  isSquashed: boolean;
  /** The configuration's `config`, in its own spelling. */
  run: Record<string, unknown>;
  /** What the container ran, for the history. */
  createdBy: string;
  author?: string | undefined;
  message?: string | undefined;
  format: ManifestFormat;
  /** Normalised `domain/path:tag`s. */
  names: readonly string[];
}

/** Makes an image of layers that are in the store. */
export function commitImage({ store, db }: { store: Store; db: Database }, wish: CommitWish): ImageRecord {
  const layers = store.layers.chain(wish.top.id).reverse();
  const rawConfig = configOf(wish, layers);
  const packed = layers.map(packedAsItCame);
  // Docker's format has no name for zstd.
  const format = packed.some(({ compression }) => compression === 'zstd') ? 'oci' : wish.format;
  const manifest = composeManifest(rawConfig, packed, { format });
  const { names } = wish;
  return changeImages(
    db,
    () =>
      store.images.add({
        manifest: manifest.text,
        manifestType: manifest.mediaType,
        rawConfig,
        topLayerId: wish.top.id,
        names,
        digests: names.map((name) => [name.slice(0, name.lastIndexOf(':')), manifest.digest] as const),
      }),
    ({ id }) => [imageEvent('commit', id, names[0] ?? id)],
  );
}

function configOf(wish: CommitWish, layers: readonly LayerRecord[]): string {
  const { base, author, message, createdBy } = wish;
  const created = timestamp();
  const before = (base === undefined ? {} : JSON.parse(base.rawConfig)) as Record<string, unknown>;
  const platform: Platform = base === undefined ? hostPlatform() : base.config;
  const history =
    wish.isSquashed || !Array.isArray(before['history']) ? [] : (before['history'] as unknown[]);
  const entry = {
    created,
    created_by: createdBy,
    ...(author ? { author } : {}),
    ...(message ? { comment: message } : {}),
  };
  return JSON.stringify({
    created,
    ...(author ? { author } : typeof before['author'] === 'string' ? { author: before['author'] } : {}),
    ...(message && wish.format === 'v2s2' ? { comment: message } : {}),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: wish.run,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...history, entry],
  });
}

/** The blob that a layer came as, or its tar: what `push` makes of it is another matter. */
function packedAsItCame({ blobDigest, blobSize, mediaType, diffId, tarSize }: LayerRecord): PackedLayer {
  const compression = compressionOfType(mediaType ?? '');
  if (blobDigest === undefined || blobSize === undefined || compression === undefined)
    return { digest: diffId, size: tarSize, compression: 'none' };
  return { digest: blobDigest, size: blobSize, compression };
}
