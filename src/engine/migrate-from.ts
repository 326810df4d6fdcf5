import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { InUseError, messageOf } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { type ForeignStore, type ForeignVolume, takeForeignImage } from '../image/foreign-store.ts';
import { findVolume } from '../libpod/volume.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import { copyTree } from '../storage/copy-tree.ts';
import type { Engine } from './engine.ts';
import { loadContext, type ProgressListener } from './images.ts';
import { createVolume } from './volumes.ts';

export const MIGRATION_SOURCES = ['podman', 'docker'] as const;
export type MigrationSource = (typeof MIGRATION_SOURCES)[number];

export interface MigrateOptions {
  /** The graph root or data root; default where that program keeps it. */
  root: string | undefined;
  volumes: boolean;
}

/** What happens, as it does. */
export type MigrationEvent =
  | { kind: 'image' | 'volume'; name: string }
  /** Cannot be taken, whatever one does here. */
  | { kind: 'note'; text: string }
  | { kind: 'failed'; text: string };

/** Copies what another program has in its store, which stays as it is. Again it only copies what is new. */
export async function migrateFrom(
  engine: Engine,
  source: MigrationSource,
  { root = defaultRoot(source), volumes }: MigrateOptions,
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

function defaultRoot(source: MigrationSource): string {
  const isRoot = rootlessUid() === undefined;
  const data = process.env['XDG_DATA_HOME'] || join(process.env['HOME'] ?? '/', '.local/share');
  if (source === 'podman') return isRoot ? '/var/lib/containers/storage' : join(data, 'containers/storage');
  const rootless = join(data, 'docker');
  return !isRoot && existsSync(rootless) ? rootless : '/var/lib/docker';
}
