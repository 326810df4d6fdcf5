import { Readable } from 'node:stream';
import { ConflictError, RuntimeError, UnsupportedError } from '../base/errors.ts';
import { signalName } from '../base/signals.ts';
import { applyChanges } from '../image/change-config.ts';
import { commitImage } from '../image/commit-image.ts';
import type { ManifestFormat } from '../image/image-manifest.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { pauseContainer, unpauseContainer } from '../libpod/pause.ts';
import { rootfsOptions } from '../libpod/rootfs-options.ts';
import { lookupPresent } from '../libpod/settle.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { collected } from '../storage/collected.ts';
import type { ImageRecord, LayerRecord } from '../storage/store.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import type { Engine } from './engine.ts';
import { loadContext, localName } from './images.ts';

export interface CommitOptions {
  /** As typed; undefined for an image without a name. */
  name?: string | undefined;
  author?: string | undefined;
  message?: string | undefined;
  changes: readonly string[];
  /** Members for the configuration's `config` that win over the container's. */
  config?: Record<string, unknown> | undefined;
  format: ManifestFormat;
  /** A running container stands still meanwhile; 'if-possible' where it needs cgroups that users may not have. */
  pause: boolean | 'if-possible';
  /** The image has a single layer. */
  squash: boolean;
  /** The container's volumes become the image's. */
  includeVolumes: boolean;
}

/** Makes an image of what a container has changed, with the container's configuration. */
export async function commitContainer(
  engine: Engine,
  nameOrId: string,
  options: CommitOptions,
): Promise<ImageRecord> {
  const record = await lookupPresent(engine, nameOrId);
  refuseRemoved(engine, record);
  if (record.spec.rootfs !== undefined)
    throw new UnsupportedError(
      `cannot commit container ${record.name}: its root is the directory ${record.spec.rootfs.path} (--rootfs)`,
      { hint: 'tspod export and tspod import make an image of it' },
    );
  const base = record.imageId === undefined ? undefined : engine.store.images.byId(record.imageId);
  // Before any work: a wrong change or name is told at once.
  const run = { ...applyChanges(runConfigOf(record, base, options), options.changes), ...options.config };
  const names = options.name === undefined ? [] : [localName(engine, options.name)];
  const top = await standingStill(engine, record, options, () => makeLayer(engine, record, options)).catch(
    (error: unknown) => {
      refuseRemoved(engine, record, error);
      throw error;
    },
  );
  const image = commitImage(engine, {
    base,
    top,
    isSquashed: options.squash,
    run,
    createdBy: record.spec.process.args.join(' '),
    author: options.author,
    message: options.message,
    format: options.format,
    names,
  });
  const told = {
    kind: 'container' as const,
    action: 'commit',
    objectId: record.id,
    name: record.name,
    attributes: { comment: options.message ?? '', image: image.id },
  };
  // Of one that was removed since nothing more is told.
  const tell = (): void => {
    if (getContainer(engine.db, record.id) !== undefined) recordEvent(engine.db, told);
  };
  transaction(engine.db, tell, false);
  return image;
}

/** Nothing keeps a container from being removed while its files are read: what is left of them makes no image. */
function refuseRemoved(engine: Engine, { id, name }: ContainerRecord, cause?: unknown): void {
  const now = getContainer(engine.db, id);
  if (now !== undefined && now.state !== 'removing') return;
  throw new ConflictError(`cannot commit container ${name}: it is being removed`, { cause });
}

async function standingStill<T>(
  engine: Engine,
  record: ContainerRecord,
  { pause }: CommitOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (pause === false || observe(engine, record).state !== 'running') return work();
  try {
    await pauseContainer(engine, record.id);
  } catch (error) {
    if (pause === 'if-possible' && error instanceof RuntimeError) return work();
    throw error;
  }
  try {
    return await work();
  } finally {
    await unpauseContainer(engine, record.id);
  }
}

async function makeLayer(
  engine: Engine,
  record: ContainerRecord,
  options: CommitOptions,
): Promise<LayerRecord> {
  if (options.squash) return squashedLayer(engine, record);
  const { containerId, topLayerId, idMaps } = rootfsOptions(record);
  const check = (): void => refuseRemoved(engine, record);
  return engine.store.layers.commit({ containerId, topLayerId, mode: 'copy', idMaps, check });
}

async function squashedLayer(engine: Engine, record: ContainerRecord): Promise<LayerRecord> {
  const { openRootfsTree } = await import('../libpod/rootfs-tree.ts');
  const { layerFromTar } = await import('../image/import-tar.ts');
  const files = await openRootfsTree(engine, record.id);
  try {
    const pieces = archiveTree(files.tree, '', { name: '.', ids: files.ids.toContainer });
    const tar = Readable.from(collected(pieces), { objectMode: false, highWaterMark: 1 << 20 });
    return await layerFromTar(loadContext(engine), tar);
  } finally {
    files.close();
  }
}

/** The image's own configuration, with what the container was given. */
function runConfigOf(
  record: ContainerRecord,
  base: ImageRecord | undefined,
  { includeVolumes }: CommitOptions,
): Record<string, unknown> {
  const { spec } = record;
  const { process } = spec;
  const image = (base === undefined ? {} : JSON.parse(base.rawConfig)) as {
    config?: Record<string, unknown>;
  };
  const before = image.config ?? {};
  const volumes = spec.mounts.flatMap((mount) =>
    mount.type === 'bind' || mount.type === 'volume' || mount.type === 'image-volume'
      ? [mount.destination]
      : [],
  );
  return {
    ...before,
    ...(process.user === '' ? {} : { User: process.user }),
    Env: lastingEnv(process.env, base?.config.config.env ?? []),
    Entrypoint: process.entrypoint.length === 0 ? undefined : process.entrypoint,
    Cmd: process.command.length === 0 ? undefined : process.command,
    WorkingDir: process.workdir,
    ...(Object.keys(spec.labels).length === 0 ? {} : { Labels: spec.labels }),
    ...(spec.exposedPorts.length === 0 ? {} : { ExposedPorts: keyed(spec.exposedPorts) }),
    ...(spec.stopSignal === DEFAULT_STOP_SIGNAL && before['StopSignal'] === undefined
      ? {}
      : { StopSignal: `SIG${signalName(spec.stopSignal).replace(/^SIG/, '')}` }),
    ...(includeVolumes && volumes.length > 0
      ? { Volumes: { ...(before['Volumes'] as object | undefined), ...keyed(volumes) } }
      : {}),
  };
}

const DEFAULT_STOP_SIGNAL = 15;

function keyed(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Without what tspod gives each container: it says nothing about the image, and a proxy's address may hold a password. */
function lastingEnv(env: readonly string[], ofImage: readonly string[]): string[] {
  return env.filter((entry) => {
    if (ofImage.includes(entry)) return true;
    const name = entry.slice(0, entry.indexOf('='));
    if (entry === 'container=podman' || entry === 'TERM=xterm') return false;
    return !/^(https?|ftp|no)_proxy$/i.test(name) || entry !== `${name}=${process.env[name] ?? ''}`;
  });
}
