import { sha256Of } from '../base/ids.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type Descriptor, isIndex, MEDIA, parseImageConfig, parseManifest } from '../oci/image-spec.ts';
import type { ImageRecord } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import type { LoadContext } from './load-options.ts';
import type { PodmanState } from './podman-state.ts';
import { pullLayers } from './pull-layers.ts';
import { formatReference, parseReference, repositoryOf, withDefaultTag } from './reference.ts';
import { reassembleTar, type SplitLayer } from './tar-split-source.ts';

/** An image in the store of podman or docker. */
export interface ForeignImage {
  id: string;
  /** As that store has them, with tags or digests. */
  names: readonly string[];
  rawConfig: string;
  /** Absent where the store keeps none. */
  manifest: string | undefined;
  /** From the base up. */
  layers: readonly SplitLayer[];
}

export interface ForeignVolume {
  name: string;
  /** The directory with its files. */
  data: string;
  /** Throws InvalidSpecError where it cannot be read. */
  definition(): {
    labels: Readonly<Record<string, string>>;
    options: Readonly<Record<string, string>>;
    /** Made for one container, and removed with it. */
    isAnonymous: boolean;
  };
}

/** A container as far as it can be made again. */
export interface ForeignContainer {
  name: string;
  imageId: string;
  /** As it was named then; another image may have that name now. */
  image: string;
  /** Names of those that it mounts. */
  volumes: readonly string[];
  isRunning: boolean;
  /** Files of its own differ from the image's. */
  hasChanges: boolean;
}

export interface DockerContainer extends ForeignContainer {
  /** Docker's body of POST /containers/create. */
  body: Readonly<Record<string, unknown>>;
}

export interface ForeignSecret {
  name: string;
  /** Throws TspodError where it cannot be read. */
  read(): Buffer;
  labels: Readonly<Record<string, string>>;
}

export interface PodmanContents {
  state: PodmanState;
  /** Whether files of its own differ from the image's; undefined: only a comparison would tell. */
  hasChanges(id: string): boolean | undefined;
}

export interface ForeignStore {
  /** Not read before they are asked for. */
  images: readonly (() => ForeignImage)[];
  /** Likewise. */
  containers: readonly (() => DockerContainer)[];
  volumes: readonly ForeignVolume[];
  secrets: readonly ForeignSecret[];
  /** Podman's database, of which containers and pods are made. */
  podman?: PodmanContents;
  /** One sentence for each thing that cannot be taken. */
  notes: readonly string[];
}

/** Copies an image byte for byte: its id and digests stay. What is here already is not copied again. */
export async function takeForeignImage(
  context: LoadContext & { system: Syscalls },
  foreign: ForeignImage,
): Promise<ImageRecord> {
  const { rawConfig } = foreign;
  const what = foreign.names[0] ?? foreign.id.slice(0, 12);
  const { diffIds } = parseImageConfig(rawConfig, `configuration of ${what}`);
  const places = new Map(diffIds.map((diffId, i) => [diffId, foreign.layers[i]]));
  const top = await pullLayers({
    store: context.store,
    leaseDirectory: context.leaseDirectory,
    layers: foreign.layers.map(
      (_, i): Descriptor => ({ mediaType: MEDIA.dockerTar, digest: diffIds[i] ?? sha256Of(''), size: 0 }),
    ),
    diffIds,
    areBlobs: false,
    open: ({ digest }) => reassembleTar(context.system, places.get(digest) ?? { split: '', files: '' }),
    signal: context.signal,
    progress: context.progress,
    what,
  });
  const records = top === undefined ? [] : context.store.layers.chain(top.id).reverse();
  const manifest = foreign.manifest ?? manifestFor(rawConfig, records);
  const parsed = parseManifest(manifest, `manifest of ${what}`);
  const manifestType = isIndex(parsed) ? MEDIA.ociManifest : parsed.mediaType;
  const references = foreign.names.map((name) => parseReference(name));
  const digest = sha256Of(manifest);
  return changeImages(
    context.db,
    () =>
      context.store.images.add({
        manifest,
        manifestType,
        rawConfig,
        topLayerId: top?.id,
        names: references
          .filter((one) => one.digest === undefined)
          .map((one) => formatReference(withDefaultTag(one))),
        digests: references.map((one) => [repositoryOf(one), one.digest ?? digest] as const),
      }),
    ({ id }) => [imageEvent('import', id, what)],
  );
}

/** What docker makes when it pushes: the bare tars. */
function manifestFor(rawConfig: string, layers: readonly { tarSize: number; diffId: string }[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.dockerManifest,
    config: {
      mediaType: MEDIA.dockerConfig,
      size: Buffer.byteLength(rawConfig),
      digest: sha256Of(rawConfig),
    },
    layers: layers.map(({ tarSize, diffId }) => ({
      mediaType: MEDIA.dockerTar,
      size: tarSize,
      digest: diffId,
    })),
  });
}
