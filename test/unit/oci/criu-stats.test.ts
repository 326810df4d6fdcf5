import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCriuStatistics } from '../../../src/oci/criu-stats.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-criu-'));
const file = join(directory, 'stats');
after(() => rmSync(directory, { recursive: true }));

/** An image file of CRIU's: two magic numbers, the size of the message, the message. */
function write(message: readonly number[]): void {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(0x55105940, 0);
  header.writeUInt32LE(0x57093306, 4);
  header.writeUInt32LE(message.length, 8);
  writeFileSync(file, Buffer.concat([header, Buffer.from(message)]));
}

test('measures of a dump have the names that podman gives them; what is zero is left out', () => {
  // Field 1 is a message: freezing_time 104177, memwrite_time 0, pages_written 33, and one of a later CRIU.
  write([0x0a, 10, 0x08, 0xf1, 0xad, 0x06, 0x20, 0x00, 0x38, 33, 0x50, 7]);
  assert.deepEqual(readCriuStatistics(file, 'dump'), { freezing_time: 104_177, pages_written: 33 });
  assert.deepEqual(readCriuStatistics(file, 'restore'), {});
});

test('measures of a restore are in a field of their own', () => {
  write([0x12, 5, 0x20, 0xac, 0x02, 0x28, 9]);
  assert.deepEqual(readCriuStatistics(file, 'restore'), { restore_time: 300, pages_restored: 9 });
});

test('what is no such file, or breaks off, is told', () => {
  writeFileSync(file, 'hello');
  assert.throws(() => readCriuStatistics(file, 'dump'), /holds no statistics/);
  write([0x0a, 10, 0x08, 0xf1]);
  assert.throws(() => readCriuStatistics(file, 'dump'), /break off/);
  write([0x0d, 1, 2, 3, 4]);
  assert.throws(() => readCriuStatistics(file, 'dump'), /unknown form/);
});
