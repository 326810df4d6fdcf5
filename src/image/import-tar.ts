import { createHash } from 'node:crypto';
import { closeSync, createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { IntegrityError } from '../base/errors.ts';
import { type Digest, hexOf, sha256Of } from '../base/ids.ts';
import { MEDIA, type Platform } from '../oci/image-spec.ts';
import { timestamp } from '../state/events.ts';
import { storeLayout } from '../storage/layout.ts';
import type { ImageRecord, LayerRecord } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import type { LoadContext } from './load-options.ts';
import { hostPlatform } from './manifest.ts';
import { unpacked } from './open-archive.ts';
import { spool } from './spool.ts';

export interface ImportOptions {
  /** Normalised `domain/path:tag`s. */
  names?: readonly string[] | undefined;
  /** The configuration's `config`, in its own spelling: Cmd, Env, ExposedPorts, … */
  run?: Record<string, unknown> | undefined;
  platform?: Platform | undefined;
  message?: string | undefined;
  author?: string | undefined;
  /** RFC 3339; default now. Fixed dates make equal tars equal images. */
  created?: string | undefined;
}

/** Makes an image of one layer from a tar of a root file system, plain or compressed. */
export async function importTar(
  context: LoadContext,
  input: string | Readable,
  options: ImportOptions = {},
): Promise<ImageRecord> {
  const { store } = context;
  const layer = await layerFromTar(context, input);
  const rawConfig = configOf(layer.diffId, options, typeof input === 'string' ? input : '-');
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: { mediaType: MEDIA.ociConfig, digest: sha256Of(rawConfig), size: Buffer.byteLength(rawConfig) },
    layers: [{ mediaType: MEDIA.ociLayer, digest: layer.diffId, size: layer.tarSize }],
  });
  const digest = sha256Of(manifest);
  const names = options.names ?? [];
  return changeImages(
    context.db,
    () =>
      store.images.add({
        manifest,
        manifestType: MEDIA.ociManifest,
        rawConfig,
        topLayerId: layer.id,
        names,
        digests: names.map((name) => [name.slice(0, name.lastIndexOf(':')), digest] as const),
      }),
    ({ id }) => [imageEvent('import', id, names[0] ?? id)],
  );
}

/** Makes a layer that stands on nothing. */
export async function layerFromTar(context: LoadContext, input: string | Readable): Promise<LayerRecord> {
  const tar = await spoolTar(context, input);
  return context.store.layers.apply({
    parent: undefined,
    diffId: tar.diffId,
    source: tar.stream,
    compression: 'none',
    mediaType: MEDIA.ociLayer,
    signal: context.signal,
  });
}

function configOf(diffId: Digest, options: ImportOptions, source: string): string {
  const platform = options.platform ?? hostPlatform();
  const created = options.created ?? timestamp();
  const comment = options.message ?? `imported from ${source === '-' ? 'a stream' : 'a file'}`;
  return JSON.stringify({
    created,
    ...(options.author === undefined ? {} : { author: options.author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: options.run ?? {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: `tspod import ${hexOf(diffId).slice(0, 12)}`, comment }],
  });
}

interface SpooledTar {
  diffId: Digest;
  size: number;
  stream: Readable;
}

/** The digest must be known before a layer is made: the bytes go to a temporary file once. */
async function spoolTar(context: LoadContext, input: string | Readable): Promise<SpooledTar> {
  const hash = createHash('sha256');
  let size = 0;
  const source = typeof input === 'string' ? createReadStream(input) : input;
  async function* measured(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  const temporary = context.temporary ?? storeLayout(context.store.graphRoot).tmp;
  const fd = await spool(measured(await unpacked(source, { temporary })), {
    temporary,
    signal: context.signal,
  });
  if (size === 0) {
    closeSync(fd);
    throw new IntegrityError('the tar to import is empty');
  }
  const stream = createReadStream('', { fd, start: 0, autoClose: true, highWaterMark: 1 << 18 });
  return { diffId: `sha256:${hash.digest('hex')}`, size, stream };
}
