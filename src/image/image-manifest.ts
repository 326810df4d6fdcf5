import { UnsupportedError, UsageError } from '../base/errors.ts';
import { type Digest, sha256Of } from '../base/ids.ts';
import { type Descriptor, type ImageManifest, isIndex, MEDIA, parseManifest } from '../oci/image-spec.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { BlobCompression } from './compress-blocks.ts';

/** OCI image manifest, or Docker's schema 2. */
export type ManifestFormat = 'oci' | 'v2s2';

export interface PackedLayer {
  digest: Digest;
  size: number;
  compression: BlobCompression;
}

export interface WrittenManifest {
  text: string;
  mediaType: string;
  digest: Digest;
}

/** The format that is asked for, else the image's own, unless that cannot hold layers of such a compression. */
export function chooseFormat(
  image: ImageRecord,
  wanted: ManifestFormat | undefined,
  compression: BlobCompression,
): ManifestFormat {
  if (compression === 'zstd' && wanted === 'v2s2')
    throw new UsageError('layers compressed with zstd need the format oci');
  if (wanted !== undefined) return wanted;
  return image.manifestType === MEDIA.dockerManifest && compression !== 'zstd' ? 'v2s2' : 'oci';
}

/**
 * The manifest for an image whose layers are packed so. Byte for byte the image's own when nothing is different, so that its digest
 * stays; the configuration is never changed.
 */
export function writeManifest(
  image: ImageRecord,
  layers: readonly PackedLayer[],
  format: ManifestFormat,
): WrittenManifest {
  const own = ownManifest(image);
  const mediaType = format === 'oci' ? MEDIA.ociManifest : MEDIA.dockerManifest;
  if (own !== undefined && image.manifestType === mediaType && hasLayers(own, layers)) {
    return { text: image.manifest, mediaType, digest: image.manifestDigest };
  }
  return composeManifest(image.rawConfig, layers, { format, annotations: own?.annotations });
}

/** A manifest for a configuration (the text itself) and its layers, from the base up. */
export function composeManifest(
  rawConfig: string,
  layers: readonly PackedLayer[],
  { format, annotations = {} }: { format: ManifestFormat; annotations?: Record<string, string> | undefined },
): WrittenManifest {
  const mediaType = format === 'oci' ? MEDIA.ociManifest : MEDIA.dockerManifest;
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: configDescriptor({ rawConfig }, format),
    layers: layers.map(({ digest, size, compression }) => ({
      mediaType: layerType(format, compression),
      digest,
      size,
    })),
    ...(format === 'oci' && Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  return { text, mediaType, digest: sha256Of(text) };
}

export function configDescriptor(image: Pick<ImageRecord, 'rawConfig'>, format: ManifestFormat): Descriptor {
  return {
    mediaType: format === 'oci' ? MEDIA.ociConfig : MEDIA.dockerConfig,
    digest: sha256Of(image.rawConfig),
    size: Buffer.byteLength(image.rawConfig),
  };
}

function layerType(format: ManifestFormat, compression: BlobCompression): string {
  if (format === 'oci') {
    return { none: MEDIA.ociLayer, gzip: MEDIA.ociLayerGzip, zstd: MEDIA.ociLayerZstd }[compression];
  }
  if (compression === 'zstd')
    throw new UnsupportedError('a layer compressed with zstd cannot be in a manifest of format v2s2', {
      hint: 'use --format oci, or --force-compression --compression-format gzip',
    });
  return compression === 'gzip' ? MEDIA.dockerLayer : MEDIA.dockerTar;
}

/** What lies in the database may be damaged: then it is written anew. */
function ownManifest(image: ImageRecord): ImageManifest | undefined {
  try {
    const parsed = parseManifest(image.manifest, `manifest of image ${image.id.slice(0, 12)}`);
    return isIndex(parsed) || sha256Of(image.manifest) !== image.manifestDigest ? undefined : parsed;
  } catch {
    return undefined;
  }
}

function hasLayers(own: ImageManifest, layers: readonly PackedLayer[]): boolean {
  return (
    own.layers.length === layers.length && own.layers.every((one, i) => one.digest === layers[i]?.digest)
  );
}
