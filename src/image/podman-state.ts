import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidSpecError, messageOf } from '../base/errors.ts';
import { openRaw } from '../state/db.ts';
import { type BoltBucket, readBoltFile } from './bolt-file.ts';
import type { PodmanConfig, PodmanNetworks, PodmanPodConfig, PodmanVolumeConfig } from './podman-config.ts';

/** A row whose document is parsed when it is asked for: a damaged one harms nothing else. */
export interface PodmanContainerRow {
  id: string;
  config(): PodmanConfig;
  state: { state: number; hasStarted: boolean };
  /** Undefined: they are in the configuration. */
  networks: PodmanNetworks | undefined;
}

export interface PodmanState {
  containers: readonly PodmanContainerRow[];
  pods: readonly { id: string; infraId: string; config(): PodmanPodConfig }[];
  volumes: ReadonlyMap<string, () => PodmanVolumeConfig>;
}

const SQLITE = ['db.sql', 'libpod/db.sql'];
const BOLT = 'libpod/bolt_state.db';

/** Podman's own database: SQLite since 4.8, bolt before and where it was never migrated. Undefined where there is none. */
export function readPodmanState(root: string): PodmanState | undefined {
  const sqlite = SQLITE.map((name) => join(root, name)).find((file) => existsSync(file));
  const bolt = join(root, BOLT);
  const file = sqlite ?? (existsSync(bolt) ? bolt : undefined);
  if (file === undefined) return undefined;
  try {
    return sqlite === undefined ? fromBolt(readBoltFile(bolt)) : fromSqlite(sqlite);
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Podman may be writing it: a copy is read. */
function fromSqlite(file: string): PodmanState {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-'));
  try {
    const copy = join(directory, 'db.sql');
    for (const suffix of ['', '-wal'])
      if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    const db = openRaw(copy);
    try {
      const tables = new Set(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all());
      const rows = (table: string, sql: string): string[][] =>
        tables.has(table) ? (db.prepare(sql).raw().all() as string[][]) : [];
      return {
        containers: rows(
          'ContainerConfig',
          'SELECT c.ID, c.JSON, s.JSON FROM ContainerConfig c LEFT JOIN ContainerState s ON s.ID = c.ID ORDER BY c.ID',
        ).map(([id = '', config = '', state]) => ({
          id,
          config: () => parsed<PodmanConfig>(config, id),
          state: stateOf(state),
          networks: undefined,
        })),
        pods: rows(
          'PodConfig',
          'SELECT p.ID, p.JSON, s.InfraContainerID FROM PodConfig p LEFT JOIN PodState s ON s.ID = p.ID ORDER BY p.ID',
        ).map(([id = '', config = '', infraId]) => ({
          id,
          infraId: infraId ?? '',
          config: () => parsed<PodmanPodConfig>(config, id),
        })),
        volumes: new Map(
          rows('VolumeConfig', 'SELECT Name, JSON FROM VolumeConfig').map(([name = '', text = '']) => [
            name,
            () => parsed<PodmanVolumeConfig>(text, name),
          ]),
        ),
      };
    } finally {
      db.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function fromBolt(root: BoltBucket): PodmanState {
  const inner = (name: string): [string, BoltBucket][] => {
    const bucket = root.bucket(name);
    return (bucket?.keys() ?? []).flatMap((key) => {
      const one = bucket?.bucket(key);
      return one === undefined ? [] : [[key, one] as [string, BoltBucket]];
    });
  };
  return {
    containers: inner('ctr').map(([id, bucket]) => ({
      id,
      config: () => parsed<PodmanConfig>(textOf(bucket, 'config'), id),
      state: stateOf(textOf(bucket, 'state')),
      networks: networksOf(bucket.bucket('networks')),
    })),
    pods: inner('pod').map(([id, bucket]) => ({
      id,
      infraId: parsedOr<{ InfraContainerID?: string }>(textOf(bucket, 'state'), {}).InfraContainerID ?? '',
      config: () => parsed<PodmanPodConfig>(textOf(bucket, 'config'), id),
    })),
    volumes: new Map(
      inner('vol').map(([name, bucket]) => [
        name,
        () => parsed<PodmanVolumeConfig>(textOf(bucket, 'config'), name),
      ]),
    ),
  };
}

function networksOf(bucket: BoltBucket | undefined): PodmanNetworks {
  return Object.fromEntries(
    (bucket?.keys() ?? []).map((name) => [name, parsedOr(bucket?.get(name)?.toString() ?? '', {})]),
  );
}

function stateOf(text: string | undefined): PodmanContainerRow['state'] {
  const { state = 0, startedTime = '' } = parsedOr<{ state?: number; startedTime?: string }>(text ?? '', {});
  return { state, hasStarted: startedTime !== '' && !startedTime.startsWith('0001-') };
}

function textOf(bucket: BoltBucket, key: string): string {
  return bucket.get(key)?.toString() ?? '';
}

function parsed<T extends object>(text: string, what: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (error) {
    throw new InvalidSpecError(`podman's database has no readable document of ${what}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new InvalidSpecError(`podman's database has no document of ${what}`);
}

/** What matters less than its row. */
function parsedOr<T extends object>(text: string, fallback: T): T {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : fallback;
  } catch {
    return fallback;
  }
}
