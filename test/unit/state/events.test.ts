import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Database, openDatabase, transaction } from '../../../src/state/db.ts';
import { lastEvent, readEvents, recordEvent } from '../../../src/state/events.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-events-'));
after(() => rmSync(base, { recursive: true }));

function withEvents(count: number): Database {
  const db = openDatabase(join(base, `${count}.db`));
  db.prepare(
    `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO events (at, kind, action) SELECT '2030-01-01T00:00:00Z', 'system', 'old' FROM n`,
  ).run();
  return db;
}

const record = (db: Database, count: number): void =>
  transaction(db, () => {
    for (let i = 0; i < count; i++) recordEvent(db, { kind: 'container', action: 'new' });
  });

test('the oldest events make room for new ones, and their numbers never come back', () => {
  const db = withEvents(102_000);
  record(db, 4000);
  const events = readEvents(db, 0);
  assert.ok(events.length >= 100_000 && events.length < 100_600, `${events.length} are left`);
  assert.equal(lastEvent(db), 106_000);
  assert.equal(events.filter(({ action }) => action === 'new').length, 4000);
  db.close();
});

test('as long as there are few, all of them stay', () => {
  const db = withEvents(5000);
  record(db, 1000);
  assert.equal(readEvents(db, 0).length, 6000);
  db.close();
});
