import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Database, DamagedDatabaseError, openDatabase } from '../../../src/state/db.ts';
import { rebuildDatabase } from '../../../src/state/rebuild.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-rebuild-'));
after(() => rmSync(base, { recursive: true }));

/** A DB with layers, an image, a container and a volume, all in one file and no log. */
function filled(name: string): string {
  const path = join(base, `${name}.db`);
  const db = openDatabase(path);
  const layer = db.prepare(
    'INSERT INTO layers (id, chain_id, diff_id, incomplete, created_at) VALUES (?, ?, ?, 0, ?)',
  );
  for (let i = 0; i < 200; i++) layer.run(`layer${i}`, `chain${i}`, `diff${i}`, '2030-01-01T00:00:00Z');
  db.prepare(
    "INSERT INTO images VALUES ('image', 'sha256:1', '{}', 'type', '{}', 'layer0', 1, '2030-01-01T00:00:00Z', '2030-01-01T00:00:00Z', NULL)",
  ).run();
  db.prepare("INSERT INTO image_names VALUES ('localhost/x:latest', 'image', '2030-01-01T00:00:00Z')").run();
  db.prepare(
    "INSERT INTO containers (id, name, layer_id, spec, state, created_at) VALUES ('c', 'web', 'layer0', '{}', 'created', '2030-01-01T00:00:00Z')",
  ).run();
  db.prepare(
    "INSERT INTO volumes (name, driver, mountpoint, created_at) VALUES ('v', 'local', '/v', '2030-01-01T00:00:00Z')",
  ).run();
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.pragma('journal_mode = DELETE');
  db.close();
  return path;
}

function count(path: string, table: string): number {
  return reading(path, (db) => Number(db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get()));
}

function reading<T>(path: string, read: (db: Database) => T): T {
  const db = openDatabase(path);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function overwrite(path: string, from: number, length: number): void {
  const content = readFileSync(path);
  content.fill(0xa5, from, from + length);
  writeFileSync(path, content);
}

describe('rebuilding the state database', () => {
  test('a file with a broken header loses nothing', () => {
    const path = filled('header');
    overwrite(path, 0, 60);
    assert.throws(() => openDatabase(path), DamagedDatabaseError);
    const report = rebuildDatabase(path, () => {});
    assert.deepEqual(report.incomplete, []);
    assert.equal(count(path, 'layers'), 200);
    assert.equal(count(path, 'containers'), 1);
    assert.equal(
      reading(path, (db) => db.pragma('integrity_check', { simple: true })),
      'ok',
    );
  });

  test('of a truncated file what is left is read', () => {
    const path = filled('truncated');
    truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);
    assert.throws(() => openDatabase(path), DamagedDatabaseError);
    const report = rebuildDatabase(path, () => {});
    assert.ok(report.incomplete.length > 0);
    assert.ok((report.rows['images'] ?? 0) + (report.rows['layers'] ?? 0) > 0, 'nothing at all was read');
    assert.equal(
      reading(path, (db) => db.pragma('integrity_check', { simple: true })),
      'ok',
    );
    assert.deepEqual(
      reading(path, (db) => db.pragma('foreign_key_check')),
      [],
    );
  });

  test('rows that refer to lost ones are dropped, a container keeps its row and says what it lost', () => {
    const path = filled('dangling');
    reading(path, (db) => {
      db.pragma('foreign_keys = OFF');
      db.exec("DELETE FROM layers WHERE id = 'layer0'");
    });
    rebuildDatabase(path, () => {});
    assert.equal(count(path, 'images'), 0);
    assert.equal(count(path, 'image_names'), 0);
    const error = reading(path, (db) =>
      db.prepare("SELECT error FROM containers WHERE id = 'c'").pluck().get(),
    );
    assert.equal(error, 'its image was lost with the damaged state database');
    assert.deepEqual(
      reading(path, (db) => db.pragma('foreign_key_check')),
      [],
    );
  });

  test('the damaged file is kept, an earlier one too', () => {
    const path = filled('kept');
    for (const expected of ['.damaged', '.damaged.1']) {
      overwrite(path, 0, 16);
      const { kept } = rebuildDatabase(path, () => {});
      assert.equal(kept, path + expected);
      assert.ok(existsSync(kept));
    }
  });

  test('rows added by the caller count for what refers to them', () => {
    const path = filled('adopted');
    reading(path, (db) => {
      db.exec("INSERT INTO container_volumes VALUES ('c', 'v')");
      db.pragma('foreign_keys = OFF');
      db.exec("DELETE FROM volumes WHERE name = 'v'");
    });
    rebuildDatabase(path, (db) => {
      db.exec(
        "INSERT INTO volumes (name, driver, mountpoint, created_at) VALUES ('v', 'local', '/v', 'now')",
      );
    });
    assert.equal(count(path, 'container_volumes'), 1);
  });

  test('an emptied file in a graph root that has been used counts as damaged', () => {
    const root = mkdtempSync(join(base, 'root-'));
    const path = join(root, 'state.db');
    writeFileSync(path, '');
    openDatabase(path).close();
    writeFileSync(path, '');
    writeFileSync(join(root, 'driver'), '{}');
    assert.throws(() => openDatabase(path), DamagedDatabaseError);
  });
});
