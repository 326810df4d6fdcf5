import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeAroundHoles } from '../../../src/storage/write-around-holes.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-holes-'));
after(() => rmSync(base, { recursive: true }));

/** Written in pieces of that length; returns the file's content and the bytes that it needs. */
function written(data: Buffer, piece: number): { content: Buffer; room: number; end: number } {
  const path = join(base, 'file');
  const fd = openSync(path, 'w');
  let end = 0;
  for (let at = 0; at < data.length; at += piece)
    end = Math.max(end, writeAroundHoles(fd, data.subarray(at, at + piece), at));
  ftruncateSync(fd, data.length);
  closeSync(fd);
  return { content: readFileSync(path), room: statSync(path).blocks * 512, end };
}

const BYTES = 1 << 20;

for (const piece of [1000, 4096, 16_384, 65_536, 65_537, 1 << 20])
  test(`what is written in pieces of ${piece} bytes is what is read`, () => {
    for (const marks of [
      [],
      [0],
      [BYTES - 1],
      [5000, 5001, 300_000],
      [4095, 4096, 20_479, 20_480, 65_535, 65_536],
    ]) {
      const data = Buffer.alloc(BYTES);
      for (const mark of marks) data[mark] = 1 + (mark % 255);
      const { content, end } = written(data, piece);
      assert.ok(content.equals(data), marks.join());
      assert.ok(end <= BYTES && end > (marks.at(-1) ?? -1));
    }
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7919) % 251));
    assert.ok(written(noise, piece).content.equals(noise));
  });

test('zeros need no room, few of them between other bytes are written', () => {
  const { room, end } = written(Buffer.alloc(BYTES), 65_536);
  assert.deepEqual([room, end], [0, 0]);
  const single = Buffer.alloc(BYTES);
  single[500_000] = 1;
  assert.ok(written(single, 65_536).room <= 64 << 10);
});
