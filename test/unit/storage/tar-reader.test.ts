import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TarEntry, TarReader } from '../../../src/storage/tar/tar-reader.ts';
import { TarSource } from '../../../src/storage/tar/tar-source.ts';
import {
  buildEntry,
  buildTar,
  gnuLong,
  paxHeader,
  paxRecord,
  writeNumber,
} from '../../fixtures/layers/build-tar.ts';

interface ReadEntry extends TarEntry {
  content: Buffer;
}

/** Reads all entries from chunks of that size and checks that literals and content make up the archive again. */
function readAll(tar: Buffer, chunkBytes = 1 << 20): ReadEntry[] {
  let at = 0;
  const source = new TarSource(() => {
    if (at >= tar.length) return undefined;
    at += chunkBytes;
    return tar.subarray(at - chunkBytes, at);
  });
  const seen: Buffer[] = [];
  const reader = new TarReader(source, (bytes) => seen.push(Buffer.from(bytes)));
  const entries: ReadEntry[] = [];
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
    const content: Buffer[] = [];
    for (let part = reader.content(700); part !== undefined; part = reader.content(700))
      content.push(Buffer.from(part));
    seen.push(...content);
    entries.push({ ...entry, content: Buffer.concat(content) });
  }
  assert.deepEqual(Buffer.concat(seen), tar);
  return entries;
}

function only(tar: Buffer, chunkBytes?: number): ReadEntry {
  const [entry, ...more] = readAll(tar, chunkBytes);
  assert.ok(entry !== undefined);
  assert.equal(more.length, 0);
  return entry;
}

test('a plain entry is read from chunks of any size', () => {
  const tar = buildTar({ name: 'a/b', content: 'x'.repeat(1300), mode: 0o4755, uid: 7, gid: 8, mtime: 99 });
  for (const size of [1, 511, 512, 513, 1 << 20]) {
    const { kind, name, mode, uid, gid, mtimeSec, content } = only(tar, size);
    assert.deepEqual(
      { kind, name, mode, uid, gid, mtimeSec, content: content.length },
      { kind: 'file', name: 'a/b', mode: 0o4755, uid: 7, gid: 8, mtimeSec: 99, content: 1300 },
    );
  }
});

test('names come from the ustar prefix, GNU long names and pax records, in rising order of weight', () => {
  assert.equal(only(buildTar({ name: 'name', prefix: 'some/prefix' })).name, 'some/prefix/name');
  const long = `${'d/'.repeat(200)}name`;
  assert.equal(
    only(Buffer.concat([gnuLong('L', long), buildTar({ name: 'cut', format: 'gnu' })])).name,
    long,
  );
  const both = Buffer.concat([gnuLong('L', 'gnu'), buildTar({ name: 'cut', pax: { path: 'pax' } })]);
  assert.equal(only(both).name, 'pax');
  const link = Buffer.concat([
    gnuLong('K', long),
    buildTar({ name: 'l', type: '2', link: 'cut', format: 'gnu' }),
  ]);
  assert.equal(only(link).linkName, long);
});

test('the GNU format has times where ustar has its prefix', () => {
  const tar = buildTar({
    name: 'name',
    format: 'gnu',
    type: '3',
    major: 1,
    minor: 3,
    patch: (header) => writeNumber(header, 345, 12, 1_500_000_000),
  });
  const { name, major, minor } = only(tar);
  assert.deepEqual({ name, major, minor }, { name: 'name', major: 1, minor: 3 });
});

test('a name cut off behind a slash does not turn its file into a directory', () => {
  const name = `${'d'.repeat(99)}/file`;
  const { kind, content } = only(buildTar({ name, pax: { path: name }, content: 'kept' }));
  assert.deepEqual({ kind, content: String(content) }, { kind: 'file', content: 'kept' });
});

test('a file whose name ends with a slash is a directory, as before POSIX', () => {
  assert.equal(only(buildTar({ name: 'dir/', format: 'v7' })).kind, 'directory');
});

test('names that are not UTF-8 keep their bytes', () => {
  const name = Buffer.from([0x66, 0xff, 0xfe, 0x80]);
  assert.deepEqual(Buffer.from(only(buildTar({ name })).name, 'latin1'), name);
  assert.deepEqual(Buffer.from(only(buildTar({ name: 'x', pax: { path: name } })).name, 'latin1'), name);
});

test('pax times are exact to the nanosecond on both sides of 1970', () => {
  const time = (mtime: string): [number, number] => {
    const entry = only(buildTar({ name: 'f', pax: { mtime } }));
    return [entry.mtimeSec, entry.mtimeNsec];
  };
  assert.deepEqual(time('1600000000.123456789'), [1_600_000_000, 123_456_789]);
  assert.deepEqual(time('1.5'), [1, 500_000_000]);
  assert.deepEqual(time('-1.25'), [-2, 750_000_000]);
  assert.deepEqual(time('-3'), [-3, 0]);
});

test('pax ids and sizes replace those of the header, base-256 numbers are read', () => {
  const entry = only(
    buildTar({ name: 'f', content: 'abc', size: 0, pax: { uid: '3000000', gid: '3000001', size: '3' } }),
  );
  assert.deepEqual([entry.uid, entry.gid, String(entry.content)], [3_000_000, 3_000_001, 'abc']);
  assert.equal(only(buildTar({ name: 'f', uid: 4_000_000_000 })).uid, 4_000_000_000);
});

test('extended attributes keep arbitrary bytes, newlines included', () => {
  const value = Buffer.from([0, 10, 61, 255, 10]);
  const entry = only(buildTar({ name: 'f', pax: { 'SCHILY.xattr.user.x': value } }));
  assert.deepEqual(entry.xattrs?.get('user.x'), value);
});

test('global headers are passed over', () => {
  const global = buildEntry({ name: 'g', type: 'g', content: paxRecord('path', 'wrong') });
  assert.equal(only(Buffer.concat([global, buildTar({ name: 'right' })])).name, 'right');
});

test('links and directories have no content, whatever their size says', () => {
  const tar = buildTar(
    { name: 'd', type: '5', size: 4096 },
    { name: 'l', type: '1', link: 'x', size: 9 },
    { name: 'f' },
  );
  assert.deepEqual(
    readAll(tar).map(({ kind, payload }) => [kind, payload]),
    [
      ['directory', 0],
      ['hardlink', 0],
      ['file', 0],
    ],
  );
});

test('an archive without an end mark is accepted, bytes behind one belong to it', () => {
  assert.equal(only(buildEntry({ name: 'f', content: 'x' })).name, 'f');
  assert.equal(only(Buffer.concat([buildTar({ name: 'f' }), Buffer.from('rest')]), 100).name, 'f');
  assert.equal(readAll(Buffer.alloc(0)).length, 0);
});

test('all four sparse forms describe the same file', () => {
  const expected = { size: 10_000, pieces: [0, 3, 5000, 4], content: 'abcWXYZ' };
  const described = (entry: ReadEntry) => ({
    size: entry.size,
    pieces: entry.sparse?.pieces,
    content: String(entry.content),
  });
  const old = buildEntry({
    name: 'f',
    type: 'S',
    format: 'gnu',
    content: 'abcWXYZ',
    patch: (header) => {
      [0, 3, 5000, 4].forEach((value, i) => {
        writeNumber(header, 386 + 12 * i, 12, value);
      });
      writeNumber(header, 483, 12, 10_000);
    },
  });
  assert.deepEqual(described(only(old)), expected);
  const common = { 'GNU.sparse.name': 'f' };
  const first = Buffer.concat([
    buildEntry({
      name: 'p',
      type: 'x',
      content: Buffer.concat([
        paxRecord('GNU.sparse.size', '10000'),
        paxRecord('GNU.sparse.numblocks', '2'),
        ...[0, 3, 5000, 4].map((value, i) =>
          paxRecord(i % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes', String(value)),
        ),
      ]),
    }),
    buildEntry({ name: 'f', content: 'abcWXYZ' }),
  ]);
  assert.deepEqual(described(only(first)), expected);
  const second = buildEntry({
    name: 'x',
    content: 'abcWXYZ',
    pax: { ...common, 'GNU.sparse.size': '10000', 'GNU.sparse.map': '0,3,5000,4' },
  });
  assert.deepEqual(described(only(second)), expected);
  const map = Buffer.alloc(512);
  map.write('2\n0\n3\n5000\n4\n');
  const third = buildEntry({
    name: 'x',
    content: Buffer.concat([map, Buffer.from('abcWXYZ')]),
    pax: { ...common, 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '10000' },
  });
  for (const size of [1, 512, 1 << 20]) assert.deepEqual(described(only(third, size)), expected);
});

const sparse = (map: string, payload: string, size = '100'): Buffer =>
  buildEntry({ name: 'f', content: payload, pax: { 'GNU.sparse.size': size, 'GNU.sparse.map': map } });

const HOSTILE: [string, Buffer, RegExp][] = [
  ['a wrong checksum', buildTar({ name: 'f', damage: (header) => header.write('g') }), /checksum/],
  ['a header cut off', buildTar({ name: 'f' }).subarray(0, 300), /ends in the middle/],
  [
    'content cut off',
    buildTar({ name: 'f', content: 'x'.repeat(2000) }).subarray(0, 900),
    /ends in the middle/,
  ],
  ['a negative size', buildTar({ name: 'f', size: -1 }), /range|impossible/],
  ['an absurd size', buildTar({ name: 'f', size: 2 ** 60 }), /range|impossible|absurd/],
  [
    'a size that is no number',
    buildTar({ name: 'f', patch: (header) => void header.write('zzz', 124) }),
    /number/,
  ],
  ['an absurd pax size', buildTar({ name: 'f', pax: { size: '99999999999999999999' } }), /impossible size/],
  ['an id above 32 bits', buildTar({ name: 'f', pax: { uid: '4294967295' } }), /impossible uid/],
  ['an unknown type', buildTar({ name: 'f', type: 'Q' }), /unknown type/],
  ['a pax header that is too large', buildTar({ name: 'p', type: 'x', size: 2 ** 31 }), /larger than/],
  ['a long name that is too large', buildTar({ name: 'p', type: 'L', size: 2 ** 31 }), /larger than/],
  ['a pax record that is too long', buildTar({ name: 'p', type: 'x', content: '99 path=x\n' }), /malformed/],
  ['a pax record without end', buildTar({ name: 'p', type: 'x', content: '9 path=xyz' }), /malformed/],
  ['a pax record without length', buildTar({ name: 'p', type: 'x', content: 'path=x\n' }), /malformed/],
  ['NUL in a pax name', buildTar({ name: 'f', pax: { path: 'a\0b' } }), /NUL/],
  ['a pax time that is no number', buildTar({ name: 'f', pax: { mtime: 'now' } }), /time/],
  [
    'an extended header at the end',
    Buffer.concat([paxHeader({ path: 'x' }), Buffer.alloc(1024)]),
    /after an extended/,
  ],
  ['overlapping sparse pieces', sparse('0,3,2,4', 'abcdefg'), /overlapping/],
  ['sparse pieces past the end', sparse('99,7', 'abcdefg'), /past the end/],
  ['sparse pieces of another sum', sparse('0,3', 'abcdefg'), /agree/],
  ['half a sparse pair', sparse('0,7,9', 'abcdefg'), /incomplete/],
  ['a negative sparse offset', sparse('-1,7', 'abcdefg'), /impossible/],
];

for (const [what, tar, message] of HOSTILE) {
  test(`${what} is refused`, () => {
    assert.throws(() => readAll(tar), { name: 'IntegrityError', message });
  });
}
