import { formatPlatform } from '../image/manifest.ts';
import { isIndex, parseManifest, type Platform } from '../oci/image-spec.ts';
import type { ImageRecord } from '../storage/store.ts';
import { contentSize } from './docker-image-manifests.ts';
import type { Engine } from './engine.ts';
import { containerIdsByImage } from './image-filters.ts';

/** One of the platforms that a name stands for. */
export interface PlatformImage {
  /** Of its manifest. */
  digest: string;
  platform: string;
  /** On this disk; undefined for an image of a list that is not here. */
  size: number | undefined;
  /** Of what a pull or push of it transfers. */
  contentSize: number | undefined;
  isInUse: boolean;
}

/** For one image after the other: an image stands for itself, a manifest list for its entries. */
export function platformsOf(engine: Engine): (image: ImageRecord) => PlatformImage[] {
  const users = containerIdsByImage(engine.db);
  const here = new Map(engine.store.images.list().map((image) => [image.manifestDigest, image]));
  const describe = (image: ImageRecord): PlatformImage => ({
    digest: image.manifestDigest,
    platform: formatPlatform(image.config),
    size: image.size,
    contentSize: contentSize(image),
    isInUse: users.has(image.id),
  });
  return (image) => {
    const manifest = parseManifest(image.manifest, `image ${image.id}`);
    if (!isIndex(manifest)) return [describe(image)];
    return manifest.manifests.map(({ digest, platform }) => {
      const known = here.get(digest);
      return {
        ...(known === undefined ? NOT_HERE : describe(known)),
        digest,
        platform: platformText(platform ?? known?.config),
      };
    });
  };
}

const NOT_HERE = { size: undefined, contentSize: undefined, isInUse: false };

function platformText(platform: Platform | undefined): string {
  return platform === undefined ? 'unknown' : formatPlatform(platform);
}
