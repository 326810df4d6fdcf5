import { sha256Of } from '../base/ids.ts';
import { MEDIA } from '../oci/image-spec.ts';
import type { Database } from '../state/db.ts';
import type { ImageRecord, LayerRecord, Store } from '../storage/store.ts';
import { changeImages, type ImageAction, imageEvent } from './change-images.ts';

export interface MadeImage {
  /** The configuration without `rootfs`: created, architecture, os, config, history, … in their own spelling. */
  document: Readonly<Record<string, unknown>>;
  /** The topmost layer; undefined: none at all. */
  topLayerId: string | undefined;
  format: 'oci' | 'docker';
  annotations?: Readonly<Record<string, string>>;
  /** Normalised `domain/path:tag`s. */
  names: readonly string[];
  /** What the event is called. */
  action: ImageAction;
}

interface Context {
  db: Database;
  store: Pick<Store, 'images' | 'layers'>;
}

/** Records an image that was made here of layers that are here, in one transaction with its event. The same again is the same image. */
export function addMadeImage(context: Context, made: MadeImage): ImageRecord {
  const { db, store } = context;
  const { manifest, manifestType, manifestDigest, rawConfig, topLayerId } = composeImage(context, made);
  return changeImages(
    db,
    () =>
      store.images.add({
        ...{ manifest, manifestType, rawConfig, topLayerId },
        names: made.names,
        digests: made.names.map((name) => [name.slice(0, name.lastIndexOf(':')), manifestDigest] as const),
      }),
    ({ id }) => [imageEvent(made.action, id, made.names[0] ?? id)],
  );
}

/** Its documents; nothing is recorded. */
export function composeImage({ store }: Pick<Context, 'store'>, made: MadeImage) {
  const { topLayerId } = made;
  const layers = topLayerId === undefined ? [] : store.layers.chain(topLayerId).reverse();
  const rawConfig = JSON.stringify({
    ...made.document,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  });
  const manifest = manifestOf(made, rawConfig, layers);
  return {
    manifest,
    manifestType: made.format === 'docker' ? MEDIA.dockerManifest : MEDIA.ociManifest,
    manifestDigest: sha256Of(manifest),
    rawConfig,
    configDigest: sha256Of(rawConfig),
    topLayerId,
  };
}

/** Layers as they are here, not compressed; pushing makes its own manifest. */
function manifestOf(made: MadeImage, rawConfig: string, layers: readonly LayerRecord[]): string {
  const isDocker = made.format === 'docker';
  const annotations = isDocker ? {} : (made.annotations ?? {});
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: isDocker ? MEDIA.dockerManifest : MEDIA.ociManifest,
    config: {
      mediaType: isDocker ? MEDIA.dockerConfig : MEDIA.ociConfig,
      digest: sha256Of(rawConfig),
      size: Buffer.byteLength(rawConfig),
    },
    layers: layers.map((layer) => ({
      mediaType: isDocker ? MEDIA.dockerLayerPlain : MEDIA.ociLayer,
      digest: layer.diffId,
      size: layer.tarSize,
    })),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  });
}
