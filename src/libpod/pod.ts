import { AlreadyExistsError, NotFoundError } from '../base/errors.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { PodSpec } from '../specgen/pod-spec.ts';
import { findByNameOrId, holderOfName } from '../state/by-name-or-id.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { parseColumn, readableRows } from '../state/document-sum.ts';
import { recordEvent, timestamp } from '../state/events.ts';
import { refuseChangedRow, sumRow } from '../state/row-sum.ts';
import { freeName } from './random-name.ts';

/** `creating` and `removing` are transient: the row names their owner, and once that process is gone anyone may remove the pod. */
export type PodRowState = 'creating' | 'ready' | 'removing';

/** A pod's row, parsed. Whether it runs, its containers tell (pod-status.ts). */
export interface PodRecord {
  id: string;
  name: string;
  spec: PodSpec;
  state: PodRowState;
  owner: string | undefined;
  infraId: string | undefined;
  createdAt: string;
}

/** Full id, name, or unique beginning of an id. Throws NotFoundError, or ConflictError when several ids begin so. */
export function lookupPod(db: Database, nameOrId: string): PodRecord {
  const found = findPod(db, nameOrId);
  if (found !== undefined) return found;
  throw new NotFoundError('pod', nameOrId, {
    message: `no pod with name or ID ${nameOrId} found: no such pod`,
  });
}

/** Throws DamagedDocumentError where its row is not as it was written. `evenDamaged`: to be ended and removed. */
export function findPod(
  db: Database,
  nameOrId: string,
  { evenDamaged = false }: { evenDamaged?: boolean | undefined } = {},
): PodRecord | undefined {
  const row = findByNameOrId(db, 'pods', nameOrId);
  if (row === undefined) return undefined;
  const pod = toPod(row);
  if (!evenDamaged) refuseChangedRow('pods', row);
  return pod;
}

export function getPod(db: Database, id: string): PodRecord | undefined {
  const row = db.prepare('SELECT * FROM pods WHERE id = ?').get(id);
  return row === undefined ? undefined : toPod(row as Row);
}

/** Oldest first. */
export function listPods(db: Database): PodRecord[] {
  return readableRows(db.prepare('SELECT * FROM pods ORDER BY created_at, id').all() as Row[], toPod);
}

export function latestPod(db: Database): PodRecord {
  const row = db.prepare('SELECT * FROM pods ORDER BY created_at DESC, id LIMIT 1').get();
  if (row === undefined)
    throw new NotFoundError('pod', 'latest', { message: 'no pods: there is no latest one' });
  return toPod(row as Row);
}

/** By id. */
export function podNames(db: Database): Map<string, string> {
  const rows = db.prepare('SELECT id, name FROM pods').all() as Row[];
  return new Map(rows.map((row) => [String(row['id']), String(row['name'])]));
}

/** Throws AlreadyExistsError when a pod or a container has the name; without one it is given one. */
export function insertPod(db: Database, id: string, pod: { name: string; spec: PodSpec }): void {
  transaction(db, () => {
    const name = pod.name === '' ? freeName(db) : pod.name;
    const holder = holderOfName(db, name);
    if (holder !== undefined)
      throw new AlreadyExistsError(
        `adding pod to state: name ${JSON.stringify(name)} is in use: it belongs to ${holder}: pod already exists`,
      );
    db.prepare('INSERT INTO pods (id, name, spec, state, owner, created_at) VALUES (?, ?, ?, ?, ?, ?)').run(
      id,
      name,
      JSON.stringify(pod.spec),
      'creating',
      formatIdentity(ownIdentity()),
      timestamp(),
    );
    sumRow(db, 'pods', name);
  });
}

/** To be called in the transaction that records a container of the pod: none may come into one that is being removed. */
export function enterPod(db: Database, podId: string, container: { id: string; isInfra: boolean }): void {
  const pod = getPod(db, podId);
  if (pod === undefined || pod.state === 'removing')
    throw new NotFoundError('pod', podId, {
      message: `cannot add a container to pod ${pod?.name ?? podId}: it has been removed: no such pod`,
    });
  if (container.isInfra) db.prepare('UPDATE pods SET infra_id = ? WHERE id = ?').run(container.id, podId);
}

export function markPod(db: Database, id: string, state: PodRowState): void {
  const owner = state === 'ready' ? null : formatIdentity(ownIdentity());
  transaction(db, () =>
    db.prepare('UPDATE pods SET state = ?, owner = ? WHERE id = ?').run(state, owner, id),
  );
}

/** podman's words: create, start, stop, kill, pause, unpause, remove. */
export function recordPodEvent(db: Database, pod: PodRecord, action: string): void {
  recordEvent(db, {
    kind: 'pod',
    action,
    objectId: pod.id,
    name: pod.name,
    attributes: pod.spec.labels,
  });
}

function toPod(row: Row): PodRecord {
  const text = (value: Row[string] | undefined): string | undefined =>
    value === null || value === undefined ? undefined : String(value);
  return {
    id: String(row['id']),
    name: String(row['name']),
    spec: parseColumn<PodSpec>(row, 'spec', `pod ${String(row['name'])}`),
    state: String(row['state']) as PodRowState,
    owner: text(row['owner']),
    infraId: text(row['infra_id']),
    createdAt: String(row['created_at']),
  };
}
