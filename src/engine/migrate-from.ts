import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { InUseError, messageOf, NotFoundError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { rootlessUid } from '../base/paths.ts';
import {
  type ForeignContainer,
  type ForeignStore,
  type ForeignVolume,
  takeForeignImage,
} from '../image/foreign-store.ts';
import { lookUpImage } from '../image/resolve.ts';
import { findContainer } from '../libpod/container.ts';
import { findVolume } from '../libpod/volume.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { copyTree } from '../storage/copy-tree.ts';
import { createContainer } from './create-container.ts';
import type { Engine } from './engine.ts';
import { loadContext, type ProgressListener } from './images.ts';
import { createVolume } from './volumes.ts';

export const MIGRATION_SOURCES = ['podman', 'docker'] as const;
export type MigrationSource = (typeof MIGRATION_SOURCES)[number];

export interface MigrateOptions {
  /** The graph root or data root; default where that program keeps it. */
  root: string | undefined;
  volumes: boolean;
  containers: boolean;
  /** Docker's body of POST /containers/create as a request; throws TspodError for what cannot be honoured. */
  requestOf(body: Readonly<Record<string, unknown>>, query: { name: string }): CreateRequest;
}

/** What happens, as it does. */
export type MigrationEvent =
  | { kind: 'image' | 'volume' | 'container'; name: string }
  /** Cannot be taken, whatever one does here. */
  | { kind: 'note'; text: string }
  | { kind: 'failed'; text: string };

/** Copies what another program has in its store, which stays as it is. Again it only copies what is new. */
export async function migrateFrom(
  engine: Engine,
  source: MigrationSource,
  { root = defaultRoot(source), volumes, containers, requestOf }: MigrateOptions,
  { tell, progress }: { tell: (event: MigrationEvent) => void; progress?: ProgressListener },
): Promise<void> {
  const store = await openForeign(source, root);
  for (const read of store.images) {
    try {
      const image = await takeForeignImage(
        { ...loadContext(engine, progress), system: engine.syscalls },
        read(),
      );
      tell({ kind: 'image', name: image.names[0] ?? image.id });
    } catch (error) {
      tell({ kind: 'failed', text: `an image is not taken: ${messageOf(error)}` });
    }
  }
  for (const volume of volumes ? store.volumes : []) {
    try {
      await takeVolume(engine, volume);
      tell({ kind: 'volume', name: volume.name });
    } catch (error) {
      tell({ kind: 'failed', text: `volume ${volume.name} is not taken: ${messageOf(error)}` });
    }
  }
  for (const read of containers ? store.containers : []) {
    let name = '';
    try {
      const container = read();
      ({ name } = container);
      await takeContainer(engine, container, requestOf(container.body, { name }));
      tell({ kind: 'container', name });
      for (const text of leftBehind(source, container)) tell({ kind: 'note', text });
    } catch (error) {
      tell({
        kind: 'failed',
        text: `${name === '' ? 'a container' : `container ${name}`} is not taken: ${messageOf(error)}`,
      });
    }
  }
  for (const text of store.notes) tell({ kind: 'note', text });
}

async function openForeign(source: MigrationSource, root: string): Promise<ForeignStore> {
  return source === 'podman'
    ? (await import('../image/podman-store.ts')).readPodmanStore(root)
    : (await import('../image/docker-store.ts')).readDockerStore(root);
}

/** Copied beside, then put in place as a whole: a volume with half of its files would be taken for a finished one. */
async function takeVolume(engine: Engine, { name, data, labels, options }: ForeignVolume): Promise<void> {
  const known = findVolume(engine, name);
  if (known !== undefined && readdirSync(known.mountpoint).length > 0)
    throw new InUseError('there is one of that name here, and it is not empty');
  mkdirSync(engine.paths.temporary, { recursive: true, mode: 0o700 });
  const copy = join(
    engine.paths.temporary,
    `migrate-${name}-${formatIdentity(ownIdentity()).replaceAll(':', '-')}`,
  );
  mkdirSync(copy);
  await copyTree(engine.syscalls, data, copy, { hardLinks: false });
  const words = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([key, value]) => `${key}=${value}`);
  createVolume(engine, {
    name,
    driver: 'local',
    labels: words(labels),
    options: words(options),
    ignore: true,
    uid: undefined,
    gid: undefined,
  });
  renameSync(copy, findVolume(engine, name)?.mountpoint ?? join(engine.paths.volumes, name, '_data'));
  engine.db.prepare('UPDATE volumes SET needs_copy_up = 0 WHERE name = ?').run(name);
}

/** Created as by `create`: what it depends on has to be here. */
async function takeContainer(
  engine: Engine,
  { name, imageId, image, volumes }: ForeignContainer,
  request: CreateRequest,
): Promise<void> {
  if (findContainer(engine.db, name) !== undefined) throw new InUseError('there is one of that name here');
  if (engine.store.images.byId(imageId) === undefined)
    throw new NotFoundError('image', image, { message: `its image ${image} is not here` });
  const missing = volumes.find((volume) => findVolume(engine, volume) === undefined);
  if (missing !== undefined)
    throw new NotFoundError('volume', missing, { message: `its volume ${missing} is not here` });
  const named = image === '' ? undefined : await lookUpImage(engine.store.images, image);
  const { options } = request;
  options.network ??= ['bridge'];
  options.pull = 'never';
  const hooks = {
    pull: () => {
      throw new NotFoundError('image', image);
    },
    warn: (message: string) => log('warn', `container ${name}: ${message}`),
  };
  const use = { createCommand: [], keepOwner: false };
  await createContainer(
    engine,
    { ...request, image: named?.image.id === imageId ? image : imageId },
    hooks,
    use,
  );
}

function* leftBehind(
  source: MigrationSource,
  { name, isRunning, hasChanges }: ForeignContainer,
): Generator<string> {
  if (hasChanges)
    yield `container ${name}: the files that it has changed are not taken; ${source} commit makes an image of them`;
  if (isRunning) yield `container ${name} runs with ${source}: stop it there before it is started here`;
}

function defaultRoot(source: MigrationSource): string {
  const isRoot = rootlessUid() === undefined;
  const data = process.env['XDG_DATA_HOME'] || join(process.env['HOME'] ?? '/', '.local/share');
  if (source === 'podman') return isRoot ? '/var/lib/containers/storage' : join(data, 'containers/storage');
  const rootless = join(data, 'docker');
  return !isRoot && existsSync(rootless) ? rootless : '/var/lib/docker';
}
