import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { InUseError, messageOf } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import {
  type ForeignSecret,
  type ForeignStore,
  type ForeignVolume,
  takeForeignImage,
} from '../image/foreign-store.ts';
import { findVolume } from '../libpod/volume.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { transaction } from '../state/db.ts';
import { sumRow } from '../state/row-sum.ts';
import { copyTree } from '../storage/copy-tree.ts';
import type { Engine } from './engine.ts';
import { loadContext, type ProgressListener } from './images.ts';
import { leftBehind, takeContainer } from './migrate-container.ts';
import { createSecret, findSecret } from './secrets.ts';
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
  | { kind: 'image' | 'secret' | 'volume' | 'pod' | 'container'; name: string }
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
  // What nobody uses here is no use either.
  for (const secret of containers ? store.secrets : []) {
    try {
      await takeSecret(engine, secret);
      tell({ kind: 'secret', name: secret.name });
    } catch (error) {
      tell({ kind: 'failed', text: `secret ${secret.name} is not taken: ${messageOf(error)}` });
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
      const request = requestOf(container.body, { name });
      request.options.network ??= ['bridge'];
      await takeContainer(engine, container, request);
      tell({ kind: 'container', name });
      for (const text of leftBehind(source, container)) tell({ kind: 'note', text });
    } catch (error) {
      tell({
        kind: 'failed',
        text: `${name === '' ? 'a container' : `container ${name}`} is not taken: ${messageOf(error)}`,
      });
    }
  }
  if (containers && store.podman !== undefined) {
    const { migratePodmanContainers } = await import('./migrate-podman.ts');
    await migratePodmanContainers(engine, store.podman, tell);
  }
  for (const text of store.notes) tell({ kind: 'note', text });
}

async function openForeign(source: MigrationSource, root: string): Promise<ForeignStore> {
  return source === 'podman'
    ? (await import('../image/podman-store.ts')).readPodmanStore(root)
    : (await import('../image/docker-store.ts')).readDockerStore(root);
}

async function takeSecret(engine: Engine, { name, read, labels }: ForeignSecret): Promise<void> {
  if (findSecret(engine.db, name) !== undefined) throw new InUseError('there is one of that name here');
  const request = { name, data: read(), labels: { ...labels }, replace: false, ignore: false };
  await createSecret(engine, { ...request, driver: undefined, driverOptions: {} });
}

/** Copied beside, then put in place as a whole: a volume with half of its files would be taken for a finished one. */
async function takeVolume(engine: Engine, { name, data, definition }: ForeignVolume): Promise<void> {
  const { labels, options, isAnonymous } = definition();
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
  await createVolume(engine, {
    name,
    driver: 'local',
    labels: words(labels),
    options: words(options),
    ignore: true,
    uid: undefined,
    gid: undefined,
  });
  renameSync(copy, findVolume(engine, name)?.mountpoint ?? join(engine.paths.volumes, name, '_data'));
  transaction(engine.db, () => {
    engine.db
      .prepare('UPDATE volumes SET needs_copy_up = 0, anonymous = ? WHERE name = ?')
      .run(isAnonymous ? 1 : 0, name);
    sumRow(engine.db, 'volumes', name);
  });
}

function defaultRoot(source: MigrationSource): string {
  const isRoot = rootlessUid() === undefined;
  const data = process.env['XDG_DATA_HOME'] || join(process.env['HOME'] ?? '/', '.local/share');
  if (source === 'podman') return isRoot ? '/var/lib/containers/storage' : join(data, 'containers/storage');
  const rootless = join(data, 'docker');
  return !isRoot && existsSync(rootless) ? rootless : '/var/lib/docker';
}
