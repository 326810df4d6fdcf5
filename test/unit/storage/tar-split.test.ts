import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readTarSplit, TarSplitWriter } from '../../../src/storage/tar/tar-split.ts';

const dir = mkdtempSync(join(tmpdir(), 'tspod-split-'));
after(() => rmSync(dir, { recursive: true }));

function write(name: string): string {
  const path = join(dir, name);
  const writer = new TarSplitWriter(path);
  writer.literal(Buffer.alloc(512, 1));
  writer.literal(Buffer.alloc(512, 2));
  writer.content(0, 'a/\xff', 3, 2 ** 40);
  writer.literal(Buffer.alloc(5_000_000, 3));
  writer.content(1, 'x'.repeat(4000), 0, 1);
  writer.finish(1234);
  assert.equal(writer.bytes, readFileSync(path).length);
  return path;
}

test('records come back as they were written, literals of any size', () => {
  const records = [...readTarSplit(write('good'))];
  const literals = Buffer.concat(
    records.flatMap((record) => (record.kind === 'literal' ? record.bytes : [])),
  );
  assert.equal(literals.length, 1024 + 5_000_000);
  assert.equal(literals[600], 2);
  assert.deepEqual(
    records.filter((record) => record.kind !== 'literal'),
    [
      { kind: 'content', ordinal: 0, path: 'a/\xff', offset: 3, size: 2 ** 40 },
      { kind: 'content', ordinal: 1, path: 'x'.repeat(4000), offset: 0, size: 1 },
      { kind: 'end', tarSize: 1234 },
    ],
  );
});

test('a file that is cut off, overwritten or of another kind is called broken', () => {
  const cut = write('cut');
  truncateSync(cut, readFileSync(cut).length - 3);
  const spoiled = write('spoiled');
  const bytes = readFileSync(spoiled);
  bytes.fill(0x55, 20, 60);
  writeFileSync(spoiled, bytes);
  const other = join(dir, 'other');
  writeFileSync(other, 'something else entirely');
  for (const path of [cut, spoiled, other])
    assert.throws(() => [...readTarSplit(path)], {
      name: 'IntegrityError',
      message: `tar-split file ${path} is broken`,
    });
});
