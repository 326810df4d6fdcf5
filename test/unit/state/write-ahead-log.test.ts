import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { DamagedDatabaseError, openDatabase } from '../../../src/state/db.ts';
import { rebuildDatabase } from '../../../src/state/rebuild.ts';
import { killedAfter, rowsOf } from '../../fixtures/state-db.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-log-'));
after(() => rmSync(base, { recursive: true }));

const FRAME_BYTES = 24 + 4096;
const KEYS = ['a', 'b', 'c', 'd'];

/** A DB whose log has everything, and that log changed. */
function damagedLog(change: (log: Buffer) => Buffer | undefined): string {
  const path = join(mkdtempSync(join(base, 'root-')), 'state.db');
  killedAfter(path, ...KEYS);
  const log = readFileSync(`${path}-wal`);
  writeFileSync(`${path}-wal`, change(log) ?? log);
  return path;
}

/** Of the log's present round: behind them come those of the one before. */
function frames(log: Buffer): number {
  let count = 0;
  while (
    log
      .subarray(32 + count * FRAME_BYTES + 8)
      .subarray(0, 8)
      .equals(log.subarray(16, 24))
  )
    count++;
  return count;
}

/** Of the last frame but `fromEnd`, so many bytes into it. */
const inFrame = (log: Buffer, fromEnd: number, byte: number): number =>
  32 + (frames(log) - 1 - fromEnd) * FRAME_BYTES + byte;

const DAMAGES: Record<string, (log: Buffer) => undefined> = {
  'a wrong bit in its header': (log) => void log.writeUInt8(log.readUInt8(17) ^ 1, 17),
  'a header of other bytes': (log) => void log.fill('Z', 0, 32),
  'a wrong bit in the page of its first frame': (log) => void flip(log, 32 + 4000),
  'a wrong bit in the page of the last frame but one': (log) => void flip(log, inFrame(log, 1, 4000)),
  'a wrong mark in the last frame but one': (log) => void flip(log, inFrame(log, 1, 8)),
};

function flip(log: Buffer, at: number): void {
  log.writeUInt8(log.readUInt8(at) ^ 0x10, at);
}

describe('a log that was changed', () => {
  for (const [what, change] of Object.entries(DAMAGES))
    test(`with ${what} is told, and mended with what it holds`, () => {
      const path = damagedLog(change);
      for (let attempt = 1; attempt <= 2; attempt++)
        assert.throws(() => openDatabase(path), DamagedDatabaseError);
      // As a repair that was killed in its last steps leaves it.
      rmSync(`${path}-wal`);
      assert.throws(() => openDatabase(path), DamagedDatabaseError);
      rebuildDatabase(path, () => {});
      const rows = rowsOf(path);
      assert.deepEqual(
        KEYS.filter((key) => !rows.includes(key)),
        [],
      );
    });

  test('with nothing of it left is told, and the database becomes what it was', () => {
    const path = damagedLog((log) => void log.fill('Z'));
    assert.throws(() => openDatabase(path), /state\.db is damaged: its log is not what SQLite wrote/);
    rebuildDatabase(path, () => {});
    assert.deepEqual(rowsOf(path), []);
  });
});

describe('what a crash leaves in the log', () => {
  test('half a transaction of a killed process is no damage', () => {
    const path = damagedLog((log) => log.subarray(0, inFrame(log, 0, FRAME_BYTES - 100)));
    assert.deepEqual(rowsOf(path), ['a', 'b', 'c']);
  });

  test('nor is what a power cut has written in another order', () => {
    const path = damagedLog((log) => void flip(log, inFrame(log, 1, 4000)));
    // Before this boot.
    utimesSync(`${path}-wal`, 1000, 1000);
    openDatabase(path).close();
  });

  test('nor what earlier rounds of the log have left behind', () => {
    const path = join(mkdtempSync(join(base, 'root-')), 'state.db');
    killedAfter(path, ...Array.from({ length: 300 }, (_, i) => `early${i}`));
    killedAfter(path, 'late');
    assert.equal(rowsOf(path).length, 301);
  });
});
