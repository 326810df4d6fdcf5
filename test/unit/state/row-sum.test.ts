import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { damagedColumns } from '../../../src/state/damaged-documents.ts';
import { openDatabase, type Row } from '../../../src/state/db.ts';
import { changedRows, refuseChangedRow, sumRow } from '../../../src/state/row-sum.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-row-sum-'));
after(() => rmSync(base, { recursive: true }));

test('a row is what was written as long as nothing of it that is lasting changes', () => {
  const db = openDatabase(join(base, 'state.db'));
  const insert = db.prepare(
    "INSERT INTO volumes (name, driver, mountpoint, created_at) VALUES (?, 'local', '/v', '2030')",
  );
  for (const name of ['summed', 'older']) insert.run(name);
  sumRow(db, 'volumes', 'summed');
  const row = (name: string): Row => db.prepare('SELECT * FROM volumes WHERE name = ?').get(name) as Row;
  db.exec('UPDATE volumes SET needs_copy_up = 2');
  refuseChangedRow('volumes', row('summed'));
  for (const change of [
    ["mountpoint = '/w'", "mountpoint = '/v'"],
    ['anonymous = 1', 'anonymous = 0'],
    [`options = '{"o":"uid=0"}'`, "options = '{}'"],
  ]) {
    db.exec(`UPDATE volumes SET ${change[0]}`);
    assert.throws(
      () => refuseChangedRow('volumes', row('summed')),
      /volume summed: its row .* not as it was/,
    );
    refuseChangedRow('volumes', row('older'));
    assert.deepEqual(
      changedRows(db).map(({ kind, name }) => [kind, name]),
      [['volume', 'summed']],
    );
    db.exec(`UPDATE volumes SET ${change[1]}`);
    assert.deepEqual(changedRows(db), []);
  }
  db.exec("UPDATE volumes SET driver = 'locam'");
  for (const { accept } of changedRows(db)) accept();
  refuseChangedRow('volumes', row('summed'));
  // One that cannot be read is another finding's, and what that makes of it is accepted.
  db.exec(`UPDATE volumes SET labels = '{"x' WHERE name = 'summed'`);
  assert.deepEqual(changedRows(db), []);
  for (const { mend } of damagedColumns(db)) mend();
  refuseChangedRow('volumes', row('summed'));
  db.close();
});
