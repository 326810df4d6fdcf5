import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { DamagedDatabaseError, openDatabase, openRaw } from '../../../src/state/db.ts';
import { rebuildDatabase } from '../../../src/state/rebuild.ts';
import { killedAfter, rowsOf } from '../../fixtures/state-db.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-names-'));
after(() => rmSync(base, { recursive: true }));

function newDatabase(...values: string[]): string {
  const path = join(mkdtempSync(join(base, 'root-')), 'state.db');
  killedAfter(path, ...values);
  return path;
}

describe('names of the files of the state database', () => {
  for (const gone of ['', '-wal', '-shm'])
    test(`state.db${gone} that is deleted comes back with all that was in it`, () => {
      const path = newDatabase('a', 'b');
      rmSync(path + gone);
      assert.deepEqual(rowsOf(path), ['a', 'b']);
      killedAfter(path, 'c');
      assert.deepEqual(rowsOf(path), ['a', 'b', 'c']);
    });

  test('a log that is deleted while somebody has the database open stays the log of all', () => {
    const path = newDatabase('a');
    const db = openDatabase(path);
    db.prepare('SELECT 1 FROM settings').all();
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
    killedAfter(path, 'b');
    db.prepare("INSERT INTO settings VALUES ('c', '')").run();
    db.close();
    assert.deepEqual(rowsOf(path), ['a', 'b', 'c']);
  });

  test('second names that are deleted are given again', () => {
    const path = newDatabase('a');
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}-kept`);
    killedAfter(path, 'b');
    rmSync(`${path}-wal`);
    assert.deepEqual(rowsOf(path), ['a', 'b']);
  });

  test('a log that SQLite itself has deleted does no harm', () => {
    const path = newDatabase('a');
    openDatabase(path).close();
    assert.ok(!existsSync(`${path}-wal`));
    assert.ok(existsSync(`${path}-wal-kept`));
    killedAfter(path, 'b');
    assert.deepEqual(rowsOf(path), ['a', 'b']);
  });

  test('what other programs write one after the other stays, and nothing is asked for', () => {
    const path = newDatabase('a');
    const write = (value: string): void => {
      // As sqlite3 does: its log is deleted when it closes the database.
      const db = openRaw(path);
      db.prepare('INSERT INTO settings VALUES (?, ?)').run(value, '');
      db.close();
      assert.ok(!existsSync(`${path}-wal`));
    };
    write('b');
    write('c');
    assert.deepEqual(rowsOf(path), ['a', 'b', 'c']);
    killedAfter(path, 'd');
    write('e');
    write('f');
    killedAfter(path, 'g');
    rmSync(`${path}-wal`);
    assert.deepEqual(rowsOf(path), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  test('what a log holds that was deleted before another program wrote is not given up', () => {
    const path = newDatabase('a');
    openDatabase(path).close();
    killedAfter(path, 'b');
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
    const db = openRaw(path);
    db.prepare("INSERT INTO settings VALUES ('x', '')").run();
    db.close();
    assert.throws(() => openDatabase(path), /its log is missing/);
  });

  test('the log of another database is not taken, and said', () => {
    const path = newDatabase('a');
    const other = newDatabase('x', 'y', 'z');
    openDatabase(other).close();
    // As who restores a copy does.
    spawnSync('cp', ['-p', other, path]);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
    assert.throws(() => openDatabase(path), /its log is missing/);
    assert.throws(() => openDatabase(path), DamagedDatabaseError);
    rebuildDatabase(path, () => {});
    assert.deepEqual(rowsOf(path), ['x', 'y', 'z']);
    assert.deepEqual(
      readdirSync(join(path, '..')).filter((name) => name.startsWith('state.db.')),
      ['state.db.damaged'],
    );
  });
});
