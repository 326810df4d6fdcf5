import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidSpecError } from '../../../src/base/errors.ts';
import { readBoltFile } from '../../../src/image/bolt-file.ts';
import {
  branchPage,
  bucketAt,
  freePage,
  inlineBucket,
  leafPage,
  metaPage,
  PAGE,
} from '../../fixtures/bolt.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-test-'));
after(() => rmSync(directory, { recursive: true }));

function read(...pages: Buffer[]): ReturnType<typeof readBoltFile> {
  const file = join(directory, 'state.db');
  writeFileSync(file, Buffer.concat(pages));
  return readBoltFile(file);
}

const metas = [metaPage(0, { txid: 6n, root: 3n }), metaPage(1, { txid: 5n, root: 90n }), freePage(2)];
const text = (word: string): Buffer => Buffer.from(word);

/** `a` inline, `b` over two leaves of which the second has two pages. */
const whole = [
  ...metas,
  leafPage(3, [
    { key: 'a', value: inlineBucket([{ key: 'k', value: text('small') }]), isBucket: true },
    { key: 'b', value: bucketAt(4), isBucket: true },
    { key: 'plain', value: text('value') },
  ]),
  branchPage(4, [
    { key: 'first', page: 5 },
    { key: 'long', page: 6 },
  ]),
  leafPage(5, [{ key: 'first', value: text('1') }]),
  leafPage(6, [{ key: 'long', value: Buffer.alloc(5000, 'x') }]),
];

test('buckets inline, over branches and over several pages are read', () => {
  const root = read(...whole);
  assert.deepEqual(root.keys(), ['a', 'b', 'plain']);
  assert.equal(root.get('plain')?.toString(), 'value');
  assert.equal(root.get('a'), undefined);
  assert.equal(root.bucket('plain'), undefined);
  assert.equal(root.bucket('a')?.get('k')?.toString(), 'small');
  const large = root.bucket('b');
  assert.deepEqual(large?.keys(), ['first', 'long']);
  assert.equal(large?.get('long')?.toString(), 'x'.repeat(5000));
});

test('the newer head counts, and the other one when it is damaged', () => {
  const older = leafPage(4, [{ key: 'old', value: text('1') }]);
  const newer = leafPage(3, [{ key: 'new', value: text('2') }]);
  const heads = [metaPage(0, { txid: 8n, root: 3n }), metaPage(1, { txid: 7n, root: 4n }), freePage(2)];
  assert.deepEqual(read(...heads, newer, older).keys(), ['new']);
  heads[0]?.writeUInt8(9, 16 + 48);
  assert.deepEqual(read(...heads, newer, older).keys(), ['old']);
  heads[1]?.writeUInt8(9, 16 + 48);
  assert.throws(() => read(...heads, newer, older), /no bolt database/);
});

test('what cannot be is refused, and read no further', () => {
  const cycle = branchPage(3, [{ key: '', page: 3 }]);
  assert.throws(() => read(...metas, cycle), /page 3 is part of itself/);
  assert.throws(() => read(...metas), /page 3 lies beyond the end/);
  assert.throws(() => read(...metas, freePage(3)), /a page of a wrong kind/);
  const within = leafPage(3, [{ key: 'a', value: bucketAt(3), isBucket: true }]);
  const bottomless = (): void => {
    let bucket = read(...metas, within).bucket('a');
    for (;;) bucket = bucket?.bucket('a');
  };
  assert.throws(bottomless, /without end/);
  const short = leafPage(3, [{ key: 'a', value: text('x'), isBucket: true }]);
  assert.throws(() => read(...metas, short).bucket('a'), /a bucket without a header/);
  const crowded = leafPage(3, []);
  crowded.writeUInt16LE(0xffff, 10);
  assert.throws(() => read(...metas, crowded), /more entries than it has room for/);
});

test('no byte that is changed makes it read beyond its bounds', () => {
  const good = Buffer.concat(whole);
  const file = join(directory, 'changed.db');
  let refused = 0;
  for (let at = 3 * PAGE; at < 6 * PAGE; at += at % PAGE < 128 ? 1 : PAGE - (at % PAGE)) {
    for (const value of [0, 0xff, (good[at] ?? 0) ^ 0x80]) {
      const bad = Buffer.from(good);
      bad[at] = value;
      writeFileSync(file, bad);
      try {
        const root = readBoltFile(file);
        for (const key of root.keys()) root.bucket(key)?.keys();
      } catch (error) {
        assert.ok(error instanceof InvalidSpecError, String(error));
        refused++;
      }
    }
  }
  assert.ok(refused > 100);
});
