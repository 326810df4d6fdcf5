import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exitDirectory, readExitRecord, removeExitRecord } from '../../../src/conmon/exit-record.ts';

const runRoot = mkdtempSync(join(tmpdir(), 'tspod-exits-'));
const exits = exitDirectory(runRoot);
const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
after(() => rmSync(runRoot, { recursive: true }));

test('an exit record goes with what a killed monitor has left of one, and without those of others', () => {
  removeExitRecord(runRoot, one);
  mkdirSync(exits);
  for (const name of [one, `${one}.x4fGh1`, other, `${other}.Zz09aB`]) writeFileSync(join(exits, name), '7');
  assert.equal(readExitRecord(runRoot, one, join(runRoot, 'bundle'))?.exitCode, 7);
  removeExitRecord(runRoot, one);
  assert.deepEqual(readdirSync(exits).sort(), [other, `${other}.Zz09aB`]);
});
