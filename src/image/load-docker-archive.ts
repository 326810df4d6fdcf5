import { IntegrityError, NotFoundError } from '../base/errors.ts';
import { sha256Of } from '../base/ids.ts';
import { type Descriptor, MEDIA, parseImageConfig } from '../oci/image-spec.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { changeImages, imageEvent } from './change-images.ts';
import { LARGEST_CONFIG } from './limits.ts';
import { isWanted, type LoadContext, type LoadedImage, type LoadOptions } from './load-options.ts';
import { pullLayers } from './pull-layers.ts';
import { chosenByIndex } from './transports.ts';
import { formatReference, parseReference, withDefaultTag } from './reference.ts';

const LARGEST_TABLE = 16 * 1024 * 1024;

/** One image of an archive by `docker save`. */
interface ArchivedImage {
  config: string;
  names: string[];
  layers: string[];
}

/** manifest.json lists the images; configurations and layers are files that it names. */
export async function loadDockerArchive(
  context: LoadContext,
  files: ArchiveFiles,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const listed = parseTable((await files.read('manifest.json', LARGEST_TABLE)).toString('utf8'));
  const counted = chosenByIndex(listed, options.only);
  const wanted = options.only === undefined || counted !== undefined ? undefined : normalise(options.only);
  const chosen =
    wanted !== undefined
      ? listed.filter((one) => one.names.map(normalise).includes(wanted))
      : counted === undefined
        ? listed
        : [counted];
  if (wanted !== undefined && chosen.length === 0) {
    throw new NotFoundError('image', wanted, { message: `the archive has no image ${wanted}` });
  }
  const loaded: LoadedImage[] = [];
  for (const one of chosen) loaded.push(...(await loadOne(context, files, one, options)));
  return loaded;
}

async function loadOne(
  context: LoadContext,
  files: ArchiveFiles,
  ...[one, options]: [one: ArchivedImage, options: LoadOptions]
): Promise<LoadedImage[]> {
  const what = one.names[0] ?? one.config;
  const rawConfig = (await files.read(one.config, LARGEST_CONFIG)).toString('utf8');
  const config = parseImageConfig(rawConfig, `configuration of ${what}`);
  if (!isWanted(config, options)) return [];
  if (config.diffIds.length !== one.layers.length) {
    throw new IntegrityError(
      `${what} has ${one.layers.length} layers, but its configuration names ${config.diffIds.length}`,
    );
  }
  const members = new Map(config.diffIds.map((diffId, i) => [diffId, one.layers[i] ?? '']));
  // The blobs are the bare tars, so that their digests are the diff ids.
  const layers = config.diffIds.map((digest): Descriptor => {
    const member = members.get(digest) ?? '';
    return { mediaType: MEDIA.dockerTar, digest, size: files.size(member) ?? 0 };
  });
  const top = await pullLayers({
    store: context.store,
    leaseDirectory: context.leaseDirectory,
    layers,
    diffIds: config.diffIds,
    areBlobs: false,
    open: (layer) => files.stream(members.get(layer.digest) ?? ''),
    signal: context.signal,
    progress: context.progress,
    what,
  });
  const names = one.names.map(normalise);
  const records = top === undefined ? [] : context.store.layers.chain(top.id).reverse();
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.dockerManifest,
    config: {
      mediaType: MEDIA.dockerConfig,
      size: Buffer.byteLength(rawConfig),
      digest: sha256Of(rawConfig),
    },
    layers: records.map((one) => ({ mediaType: MEDIA.dockerTar, size: one.tarSize, digest: one.diffId })),
  });
  const digest = sha256Of(manifest);
  const image = changeImages(
    context.db,
    () =>
      context.store.images.add({
        manifest,
        manifestType: MEDIA.dockerManifest,
        rawConfig,
        topLayerId: top?.id,
        names,
        digests: repositoriesOf(names).map((repository) => [repository, digest] as const),
      }),
    ({ id }) => [imageEvent('loadfromarchive', id, what)],
  );
  context.progress?.({ kind: 'stored', id: image.id });
  return [{ image, names }];
}

function normalise(name: string): string {
  return formatReference(withDefaultTag(parseReference(name)));
}

function repositoriesOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.slice(0, name.lastIndexOf(':'))))];
}

function parseTable(text: string): ArchivedImage[] {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw new IntegrityError('manifest.json of the archive is not valid JSON', { cause });
  }
  if (!Array.isArray(table) || table.length === 0) {
    throw new IntegrityError('manifest.json of the archive is not a list of images');
  }
  return table.map((row: unknown) => {
    const { Config: config, RepoTags: names, Layers: layers } = (row ?? {}) as Record<string, unknown>;
    if (typeof config !== 'string' || !isStrings(layers ?? []) || !isStrings(names ?? [])) {
      throw new IntegrityError('manifest.json of the archive has an image without configuration or layers');
    }
    return {
      config: clean(config),
      names: (names as string[] | null) ?? [],
      layers: ((layers as string[] | null) ?? []).map(clean),
    };
  });
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function clean(name: string): string {
  return name.replace(/^(\.?\/)+/, '');
}
