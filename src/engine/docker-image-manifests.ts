import { isIndex, parseManifest } from '../oci/image-spec.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { containerIdsByImage } from './image-filters.ts';

/**
 * docker's list of what an image consists of (API 1.47): here always the one that is kept, that of its platform. Returns a function for
 * one image, as the containers are looked up once for all.
 */
export function dockerManifests(engine: Engine): (image: ImageRecord) => object[] {
  const users = containerIdsByImage(engine.db);
  return (image) => [manifestOf(image, users.get(image.id) ?? [])];
}

function manifestOf(image: ImageRecord, containers: readonly string[]): object {
  const { architecture, os, variant } = image.config;
  const content = contentSize(image);
  return {
    ID: image.manifestDigest,
    Descriptor: {
      mediaType: image.manifestType,
      digest: image.manifestDigest,
      size: Buffer.byteLength(image.manifest),
    },
    Available: true,
    // What was fetched is kept unpacked only, and counts once.
    Size: { Content: content, Total: image.size },
    Kind: 'image',
    ImageData: {
      Platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
      Containers: containers,
      Size: { Unpacked: image.size },
    },
  };
}

/** Of the blobs as they were fetched; they are not kept, but whoever fetches the image again gets them. */
export function contentSize({ manifest: text, id }: ImageRecord): number {
  const manifest = parseManifest(text, `image ${id}`);
  if (isIndex(manifest)) return 0;
  return [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, Buffer.byteLength(text));
}
