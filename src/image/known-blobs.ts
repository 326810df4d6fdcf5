import type { Digest } from '../base/ids.ts';
import { MEDIA } from '../oci/image-spec.ts';
import { type Database, transaction } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { BlobCompression } from './compress-blocks.ts';

/** A blob that has the content of a layer, and a repository (`domain/path`) that it was seen in. */
export interface KnownBlob {
  digest: Digest;
  size: number;
  compression: BlobCompression;
  repository: string;
}

/** The bytes pushed are not those that came: of each layer only so many blobs are remembered. */
const MOST_PER_LAYER = 16;

/** Blobs that a layer came from or was pushed as, the latest first. */
export function knownBlobs(db: Database, layer: LayerRecord): KnownBlob[] {
  const pushed = db
    .prepare(
      `SELECT digest, size, compression, repository FROM layer_blobs WHERE diff_id = ? ORDER BY seen_at DESC`,
    )
    .all(layer.diffId) as KnownBlob[];
  return [...pushed, ...pulledBlobs(db, layer)];
}

export function rememberBlob(db: Database, diffId: Digest, blob: KnownBlob): void {
  transaction(db, () => {
    db.prepare(
      `INSERT INTO layer_blobs (diff_id, digest, size, compression, repository, seen_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (diff_id, digest, repository) DO UPDATE SET seen_at = excluded.seen_at`,
    ).run(diffId, blob.digest, blob.size, blob.compression, blob.repository, timestamp());
    db.prepare(
      `DELETE FROM layer_blobs WHERE diff_id = ? AND (digest, repository) NOT IN (
         SELECT digest, repository FROM layer_blobs WHERE diff_id = ? ORDER BY seen_at DESC LIMIT ?)`,
    ).run(diffId, diffId, MOST_PER_LAYER);
    db.prepare('DELETE FROM layer_blobs WHERE diff_id NOT IN (SELECT diff_id FROM layers)').run();
  });
}

/** By its media type; undefined for one that nobody knows. */
export function compressionOfType(mediaType: string): BlobCompression | undefined {
  if (mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip')) return 'gzip';
  if (mediaType.endsWith('+zstd') || mediaType.endsWith('.zstd')) return 'zstd';
  return mediaType === MEDIA.ociLayer || mediaType === MEDIA.dockerTar ? 'none' : undefined;
}

/** The blob that was pulled lies where the images that have the layer came from. */
function pulledBlobs(db: Database, layer: LayerRecord): KnownBlob[] {
  const { blobDigest, blobSize, mediaType } = layer;
  const compression = compressionOfType(mediaType ?? '');
  if (blobDigest === undefined || blobSize === undefined || compression === undefined) return [];
  const repositories = db
    .prepare(
      `WITH RECURSIVE above(id) AS (
         SELECT ? UNION SELECT layers.id FROM layers JOIN above ON layers.parent_id = above.id)
       SELECT DISTINCT image_digests.name FROM above
         JOIN images ON images.top_layer = above.id
         JOIN image_digests ON image_digests.image_id = images.id
        LIMIT ?`,
    )
    .pluck()
    .all(layer.id, MOST_PER_LAYER) as string[];
  const blob = { digest: blobDigest, size: blobSize, compression };
  return repositories.length === 0
    ? [{ ...blob, repository: '' }]
    : repositories.map((repository) => ({ ...blob, repository }));
}
