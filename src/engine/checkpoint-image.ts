import { Readable } from 'node:stream';
import { release } from 'node:os';
import { readBuildInfo } from '../base/build-info.ts';
import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { layerFromTar } from '../image/import-tar.ts';
import { addMadeImage } from '../image/made-image.ts';
import { hostPlatform } from '../image/manifest.ts';
import { lookUpImage } from '../image/resolve.ts';
import { CHECKPOINT_FILES } from '../libpod/checkpoint-files.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { cgroupVersion } from '../libpod/host-cgroups.ts';
import { ociArchitecture } from '../libpod/host-facts.ts';
import { runtimeOf } from '../libpod/runtime-of.ts';
import { MIN_CRIU, requireCriu } from '../oci/criu.ts';
import { learnRuntimeVersion } from '../oci/runtime-version.ts';
import { timestamp } from '../state/events.ts';
import type { ImageRecord } from '../storage/store.ts';
import { type ArchiveContents, withArchive } from './checkpoint-archive.ts';
import type { Engine } from './engine.ts';
import { distribution } from './host-info.ts';
import { loadContext, localName, shortNames } from './images.ts';

const PREFIX = 'io.podman.annotations.checkpoint';

/** To be called before the work: a wrong name is told at once. */
export function nameOfImage(engine: Engine, name: string): string {
  return localName(engine, name);
}

/** An image whose only layer is what an exported archive holds, with podman's annotations about where it was made. */
export async function makeImage(
  engine: Engine,
  record: ContainerRecord,
  request: ArchiveContents & { name: string },
): Promise<ImageRecord> {
  const layer = await withArchive(engine, record, request, (pieces) =>
    layerFromTar(loadContext(engine), Readable.from(pieces, { objectMode: false })),
  );
  const created = timestamp();
  const { os, architecture } = hostPlatform();
  return addMadeImage(engine, {
    document: {
      created,
      architecture,
      os,
      config: {},
      history: [{ created, created_by: `tspod container checkpoint ${record.name}` }],
    },
    topLayerId: layer.id,
    format: 'oci',
    annotations: await annotationsOf(engine, record),
    names: [request.name],
    action: 'commit',
  });
}

async function annotationsOf(engine: Engine, record: ContainerRecord): Promise<Record<string, string>> {
  const runtime = runtimeOf(engine, record);
  const { distribution: name = '', version = '' } = distribution();
  const { version: own } = readBuildInfo();
  return {
    [`${PREFIX}.name`]: record.name,
    [`${PREFIX}.rawImageName`]: record.spec.rawImageName,
    [`${PREFIX}.rootfsImageID`]: record.imageId ?? '',
    [`${PREFIX}.rootfsImageName`]: record.imageName,
    [`${PREFIX}.podman.version`]: own,
    [`${PREFIX}.criu.version`]: String(await requireCriu(MIN_CRIU)),
    [RUNTIME]: runtime.name,
    [`${PREFIX}.runtime.version`]: (await learnRuntimeVersion(runtime.path, engine.paths.runRoot)) ?? '',
    [`${PREFIX}.conmon.version`]: own,
    [`${PREFIX}.host.arch`]: ociArchitecture(),
    [`${PREFIX}.host.kernel`]: release(),
    [`${PREFIX}.cgroups.version`]: `v${cgroupVersion()}`,
    [`${PREFIX}.distribution.version`]: version,
    [`${PREFIX}.distribution.name`]: name,
  };
}

const RUNTIME = `${PREFIX}.runtime.name`;

/** Undefined when there is no image of that name. InvalidSpecError when it holds no checkpoint. */
export async function findCheckpointImage(engine: Engine, name: string): Promise<ImageRecord | undefined> {
  const found = await lookUpImage(engine.store.images, name, { shortNames: shortNames(engine) });
  if (found === undefined) return undefined;
  const { image } = found;
  const { annotations } = JSON.parse(image.manifest) as { annotations?: Record<string, string> };
  if (annotations?.[RUNTIME] === undefined || image.topLayerId === undefined)
    throw new InvalidSpecError(`image is not a checkpoint: ${name}`);
  return image;
}

/** The archive in a checkpoint image that is here. NotFoundError when it is not. */
export async function archiveIn(engine: Engine, name: string): Promise<Readable> {
  const found = await findCheckpointImage(engine, name);
  if (found === undefined)
    throw new NotFoundError('image', name, {
      message: `no container or image ${JSON.stringify(name)} found`,
    });
  return contentOf(engine, found);
}

function contentOf(engine: Engine, image: ImageRecord): Readable {
  const layers = image.topLayerId === undefined ? [] : engine.store.layers.chain(image.topLayerId);
  const [only, ...more] = layers;
  if (only === undefined || more.length > 0)
    throw new InvalidSpecError(
      `image ${image.names[0] ?? image.id} holds no checkpoint: ${CHECKPOINT_FILES.config} and the rest are one layer`,
    );
  return engine.store.layers.export(only.id);
}
