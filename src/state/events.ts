import { timestamp } from '../base/clock.ts';
import { type Database, type Row, statement } from './db.ts';

export { timestamp };

export type EventKind = 'container' | 'image' | 'volume' | 'network' | 'pod' | 'secret' | 'system';

/** The action of a signal that a stop has sent: docker tells of it as of any other, podman does not. */
export const STOP_SIGNAL = 'stop-signal';

/** What docker tells of besides: the networks that a start joins and an end leaves, and that an exec session has been made. */
export const START_CONNECT = 'start-connect';
export const END_DISCONNECT = 'end-disconnect';
export const EXEC_CREATE = 'exec-create';

/** Attributes that only docker's stream shows, or that only order it. Not what a label is called. */
export const FOR_DOCKER = {
  /** Of an exec session: what it runs. */
  command: 'tspod:command',
  /** Of the start of one: it was made with it, and no event of its own tells so. */
  made: 'tspod:made',
  /** Of an end: whole seconds that the container ran. */
  duration: 'tspod:duration',
  /** Of an attach: it belongs to the start. */
  withStart: 'tspod:with-start',
} as const;

export interface EventRecord {
  kind: EventKind;
  /** podman's word: create, init, start, attach, died, cleanup, remove, pull, tag, … */
  action: string;
  objectId?: string;
  name?: string;
  attributes?: Record<string, string>;
}

/** Call it inside the transaction of the change that the event tells of. */
export function recordEvent(db: Database, event: EventRecord): void {
  const { lastInsertRowid } = statement(
    db,
    'INSERT INTO events (at, kind, action, object_id, name, attributes) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(
    timestamp(),
    event.kind,
    event.action,
    event.objectId ?? '',
    event.name ?? '',
    JSON.stringify(event.attributes ?? {}),
  );
  if (Number(lastInsertRowid) % TRIM_EVERY === 0) trimEvents(db, Number(lastInsertRowid) - KEPT);
}

const KEPT = 100_000;
const TRIM_EVERY = 256;

/** Old ones go in small portions, more at a time than come: no transaction gets noticeably longer. */
function trimEvents(db: Database, upTo: number): void {
  if (upTo <= 0) return;
  const oldest = db.prepare('SELECT min(seq) AS seq FROM events').get() as Row | undefined;
  const portion = Number(oldest?.['seq'] ?? 0) + 4 * TRIM_EVERY;
  db.prepare('DELETE FROM events WHERE seq <= ?').run(Math.min(upTo, portion));
}

/** An event as it lies in the database. */
export interface StoredEvent extends Required<EventRecord> {
  seq: number;
  /** RFC 3339 with nanoseconds, UTC. */
  at: string;
}

/** Those after number `after`, oldest first. */
export function readEvents(db: Database, after: number): StoredEvent[] {
  const rows = statement(db, 'SELECT * FROM events WHERE seq > ? ORDER BY seq').all(after) as Row[];
  return rows.map((row) => ({
    seq: Number(row['seq']),
    at: String(row['at']),
    kind: String(row['kind']) as EventKind,
    action: String(row['action']),
    objectId: String(row['object_id']),
    name: String(row['name']),
    attributes: attributesOf(row),
  }));
}

/** Without those that cannot be read: the event itself is worth more. */
export function attributesOf(row: Row): Record<string, string> {
  try {
    return JSON.parse(String(row['attributes'])) as Record<string, string>;
  } catch {
    return {};
  }
}

/** The number of the newest; 0 when there is none. */
export function lastEvent(db: Database): number {
  const row = db.prepare('SELECT max(seq) AS seq FROM events').get() as Row | undefined;
  return Number(row?.['seq'] ?? 0);
}
