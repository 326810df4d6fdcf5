import { NotFoundError } from '../base/errors.ts';
import type { NetworkStatus } from '../network/backend.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { findByNameOrId } from '../state/by-name-or-id.ts';
import { type Database, type Row, statement, transaction } from '../state/db.ts';
import { parseColumn, parseSpec, readableRows, refuseChanged, sumOf } from '../state/document-sum.ts';
import type { ContainerState } from './transitions.ts';

/** A container's row, parsed. What it says about running processes holds only as observe.ts reads it. */
export interface ContainerRecord {
  id: string;
  name: string;
  imageId: string | undefined;
  imageName: string;
  layerId: string | undefined;
  podId: string | undefined;
  spec: ContainerSpec;
  state: ContainerState;
  exitCode: number | undefined;
  exitLost: boolean;
  oomKilled: boolean;
  error: string;
  pid: number | undefined;
  monitorPid: number | undefined;
  monitorStart: string | undefined;
  bootId: string | undefined;
  owner: string | undefined;
  createdAt: string;
  startedAt: string | undefined;
  finishedAt: string | undefined;
  restartCount: number;
  stoppedByUser: boolean;
  facts: RunFacts;
  /** Undefined: no checkpoint has been made since it was last started. */
  checkpoint: CheckpointState | undefined;
  /** By which the file system counts what it writes; undefined: it has no limit of its own. */
  project: number | undefined;
  /** Identity of the build that it is for; undefined: it is a user's. */
  buildOwner: string | undefined;
}

/** What was true when the container was last started. */
export interface RunFacts {
  /** Start time of the container's first process, to tell it from a recycled pid. */
  pidStart?: string;
  runtime?: { name: string; path: string };
  cgroupPath?: string;
  /** It was started with OCI hooks: only the runtime can delete it. */
  hooks?: true;
  netnsPath?: string;
  network?: NetworkStatus;
  /** Mounts, network and runtime state are (or may be) still held: release.ts has work. */
  held?: boolean;
  /** Short runs in a row before this one, each restarted by policy. */
  quickRestarts?: number;
  /** It has ended and its restart policy starts it again; while that start is under way, too. */
  restart?: DueRestart;
  /** Its owner stops it to start it again: --rm does not remove it. */
  restarting?: true;
  /** It is being removed together with its anonymous volumes. */
  withVolumes?: boolean;
  /** A checkpoint is being made with which it ends: the end completes it (checkpoint-files.ts). */
  checkpointing?: true;
  /** It is being restored: should that be killed half way, it is as if it had not begun. */
  restoring?: true;
}

/** Times are RFC 3339. */
export interface CheckpointState {
  /** It has ended with a checkpoint, which is there. */
  checkpointedAt?: string;
  restoredAt?: string;
  /** Made from an archive or image, and not restored yet: once its owner is gone it goes too, with the volumes that were made for it. */
  importing?: { ownsVolumes: boolean };
}

export interface DueRestart {
  /** Milliseconds since 1970. */
  at: number;
  /** Which one it is, since somebody has started the container. */
  count: number;
  /** Short runs in a row before it. */
  quickRestarts: number;
}

/** Full id, unique name, or unique beginning of an id. Throws NotFoundError, or ConflictError when several ids begin so. */
export function lookupContainer(db: Database, nameOrId: string, options: FindOptions = {}): ContainerRecord {
  const found = findContainer(db, nameOrId, options);
  if (found === undefined) {
    throw new NotFoundError('container', nameOrId, {
      message: `no container with name or ID ${JSON.stringify(nameOrId)} found: no such container`,
      docker: `No such container: ${nameOrId}`,
    });
  }
  return found;
}

export interface FindOptions {
  /** Its definition may have been changed by a flipped bit: to be ended, cleaned up after and removed. */
  evenDamaged?: boolean;
}

/** Throws DamagedDocumentError where its definition is not as it was written. */
export function findContainer(
  db: Database,
  nameOrId: string,
  { evenDamaged = false }: FindOptions = {},
): ContainerRecord | undefined {
  const row = findByNameOrId(db, 'containers', nameOrId);
  if (row === undefined) return undefined;
  if (!evenDamaged) refuseChanged(row);
  return toContainer(row);
}

export function getContainer(db: Database, id: string): ContainerRecord | undefined {
  const row = statement(db, 'SELECT * FROM containers WHERE id = ?').get(id);
  return row === undefined ? undefined : toContainer(row as Row);
}

/** All containers but those of builds, oldest first. */
export function listContainers(db: Database): ContainerRecord[] {
  const select = 'SELECT * FROM containers WHERE build_owner IS NULL ORDER BY created_at, id';
  return readableRows(db.prepare(select).all() as Row[], toContainer);
}

/** Those of a pod, oldest first: the infra container comes before the others. */
export function listPodContainers(db: Database, podId: string): ContainerRecord[] {
  const rows = db.prepare('SELECT * FROM containers WHERE pod_id = ? ORDER BY created_at, id').all(podId);
  return readableRows(rows as Row[], toContainer);
}

/** Those that builds have made for their steps. */
export function listBuildContainers(db: Database): ContainerRecord[] {
  const rows = db.prepare('SELECT * FROM containers WHERE build_owner IS NOT NULL').all() as Row[];
  return readableRows(rows, toContainer);
}

/** The newest one, for `--latest`. */
export function latestContainer(db: Database): ContainerRecord {
  const row = db
    .prepare('SELECT * FROM containers WHERE build_owner IS NULL ORDER BY created_at DESC, id LIMIT 1')
    .get();
  if (row === undefined)
    throw new NotFoundError('container', 'latest', { message: 'no containers: there is no latest one' });
  return toContainer(row as Row);
}

/** Containers whose namespaces or volumes depend on this one. */
export function dependentsOf(db: Database, id: string): string[] {
  const rows = statement(db, 'SELECT container_id FROM container_dependencies WHERE needs_id = ?').all(
    id,
  ) as Row[];
  return rows.map((row) => String(row['container_id']));
}

/** Columns that may be set after creation; `undefined` leaves a column as it is, null clears it. */
export interface ContainerChanges {
  name?: string;
  state?: ContainerState;
  exitCode?: number | null;
  exitLost?: boolean;
  oomKilled?: boolean;
  error?: string;
  pid?: number | null;
  monitorPid?: number | null;
  monitorStart?: string | null;
  bootId?: string | null;
  owner?: string | null;
  startedAt?: string | null;
  finishedAt?: string | null;
  restartCount?: number;
  stoppedByUser?: boolean;
  facts?: RunFacts;
  checkpoint?: CheckpointState | null;
  spec?: ContainerSpec;
}

/** It runs, or is about to: how it ended last no longer counts. */
export const NO_END: ContainerChanges = { exitCode: null, exitLost: false, oomKilled: false, error: '' };

const COLUMNS: Readonly<Record<keyof ContainerChanges, string>> = {
  name: 'name',
  state: 'state',
  exitCode: 'exit_code',
  exitLost: 'exit_lost',
  oomKilled: 'oom_killed',
  error: 'error',
  pid: 'pid',
  monitorPid: 'monitor_pid',
  monitorStart: 'monitor_start',
  bootId: 'boot_id',
  owner: 'owner',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  restartCount: 'restart_count',
  stoppedByUser: 'stopped_by_user',
  facts: 'facts',
  checkpoint: 'checkpoint',
  spec: 'spec',
};

/** The record as it is once these changes are written. */
export function withChanges(record: ContainerRecord, changes: ContainerChanges): ContainerRecord {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...record, ...Object.fromEntries(given.map(([key, value]) => [key, value ?? undefined])) };
}

/** Plain update; state changes go through state-change.ts. */
export function updateContainer(db: Database, id: string, changes: ContainerChanges): void {
  const assignments: string[] = [];
  const values: (string | number | null)[] = [];
  for (const key of Object.keys(changes) as (keyof ContainerChanges)[]) {
    const value = changes[key];
    if (value === undefined) continue;
    assignments.push(`${COLUMNS[key]} = ?`);
    const column = toColumn(value);
    values.push(column);
    if (key !== 'spec') continue;
    assignments.push('spec_sum = ?');
    values.push(sumOf(String(column)));
  }
  if (assignments.length === 0) return;
  const update = `UPDATE containers SET ${assignments.join(', ')} WHERE id = ?`;
  transaction(db, () => statement(db, update).run(...values, id), false);
}

function toColumn(value: string | number | boolean | object | null): string | number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return value;
}

function toContainer(row: Row): ContainerRecord {
  return {
    id: String(row['id']),
    name: String(row['name']),
    imageId: text(row['image_id']),
    imageName: String(row['image_name']),
    layerId: text(row['layer_id']),
    podId: text(row['pod_id']),
    spec: parseSpec<ContainerSpec>(row),
    state: String(row['state']) as ContainerState,
    exitCode: number(row['exit_code']),
    exitLost: row['exit_lost'] === 1,
    oomKilled: row['oom_killed'] === 1,
    error: String(row['error']),
    pid: number(row['pid']),
    monitorPid: number(row['monitor_pid']),
    monitorStart: text(row['monitor_start']),
    bootId: text(row['boot_id']),
    owner: text(row['owner']),
    createdAt: String(row['created_at']),
    startedAt: text(row['started_at']),
    finishedAt: text(row['finished_at']),
    restartCount: Number(row['restart_count']),
    stoppedByUser: row['stopped_by_user'] === 1,
    facts: parseColumn<RunFacts>(row, 'facts', `container ${String(row['name'])}`),
    checkpoint: toCheckpoint(row),
    project: number(row['project']),
    buildOwner: text(row['build_owner']),
  };
}

function toCheckpoint(row: Row): CheckpointState | undefined {
  return text(row['checkpoint']) === undefined
    ? undefined
    : parseColumn<CheckpointState>(row, 'checkpoint', `container ${String(row['name'])}`);
}

function text(value: Row[string] | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function number(value: Row[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
