import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256Of } from '../../src/base/ids.ts';
import { syscalls } from '../../src/native/linux.ts';
import { buildEntry, buildTar, gnuLong } from '../fixtures/layers/build-tar.ts';
import { listTree } from '../fixtures/layers/list-tree.ts';
import { readAll, SCRATCH, testStore } from '../fixtures/layers/test-store.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root');
const scratch = mkdtempSync(join(SCRATCH, 'tspod-apply-'));
const S = testStoreIfRoot();
after(() => {
  S?.[Symbol.dispose]();
  rmSync(scratch, { recursive: true, force: true });
});

function testStoreIfRoot() {
  return skip === false ? testStore() : undefined;
}

function shared() {
  assert.ok(S !== undefined);
  return S;
}

/** What GNU tar makes of the archive. */
function extracted(tar: Buffer): string {
  const dir = mkdtempSync(join(scratch, 'tar-'));
  execFileSync('tar', ['--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf', '-', '-C', dir], {
    input: tar,
  });
  return dir;
}

/** Files of every kind, made by real programs. */
function manyKinds(): string {
  const dir = mkdtempSync(join(scratch, 'src-'));
  const script = `
    set -e; cd "$1"
    mkdir -p usr/bin etc/empty 'with space' deep/a/b/c sticky
    chmod 1777 sticky; chmod 750 etc; chown 12:34 etc/empty
    printf hello > usr/bin/tool; chmod 4755 usr/bin/tool; chown 65534:1000 usr/bin/tool; chmod u+s usr/bin/tool
    setcap cap_net_raw+ep usr/bin/tool 2>/dev/null || true
    printf x > usr/bin/group; chmod 2755 usr/bin/group; printf '' > etc/nothing; chmod 000 etc/nothing
    setfattr -n user.note -v 'a value' etc/nothing 2>/dev/null || true
    ln usr/bin/tool usr/bin/same; ln -s ../etc/nothing usr/link; ln -s /absolute/nowhere dangling
    mkfifo -m 600 pipe; mknod -m 660 disk b 8 1; mknod -m 666 null c 1 3
    head -c 300000 /dev/urandom > 'with space/random'
    truncate -s 20M sparse; printf middle | dd of=sparse bs=1 seek=9000000 conv=notrunc status=none
    printf n > "$(printf 'name-\\377\\376')"
    long=$(printf 'd%.0s' $(seq 120)); mkdir -p "deep/$long/$long"; printf l > "deep/$long/$long/file"
    touch -d '2001-02-03 04:05:06.123456789 UTC' usr/bin/tool usr/bin 'with space' .
    touch -h -d '1969-12-31 23:00:00.5 UTC' usr/link etc/nothing`;
  execFileSync('sh', ['-c', script, 'sh', dir]);
  return dir;
}

for (const format of [
  'gnu',
  'posix',
  'posix --sparse',
  'gnu --sparse',
  'posix --sparse --sparse-version=0.1',
  'posix --sparse --sparse-version=0.0',
]) {
  test(`what GNU tar writes with --format=${format} arrives like tar itself unpacks it, and comes back byte for byte`, {
    skip,
  }, async () => {
    const source = manyKinds();
    const tar = execFileSync(
      'tar',
      [
        '-C',
        source,
        '--numeric-owner',
        ...(format.startsWith('posix') ? ['--xattrs', '--xattrs-include=*'] : []),
        ...`--format=${format}`.split(' '),
        '-cf',
        '-',
        '.',
      ],
      { maxBuffer: 1 << 28 },
    );
    const layer = await shared().apply(tar);
    assert.deepEqual(listTree(shared().diff(layer)), listTree(extracted(tar)));
    assert.deepEqual(await readAll(shared().store.layers.export(layer.id)), tar);
    assert.equal(layer.tarSize, tar.length);
    const du = Number(
      execFileSync('du', ['-s', '--block-size=1', join(shared().root, 'layers', layer.id)], {
        encoding: 'utf8',
      }).split('\t')[0],
    );
    assert.ok(
      Math.abs(du - layer.diskSize) <= du / 100 + 8192,
      `du says ${du}, the record ${layer.diskSize}`,
    );
    if (format.includes('sparse'))
      assert.ok(statSync(join(shared().diff(layer), 'sparse')).blocks * 512 < 1_000_000);
  });
}

test('gzip, zstd and plain archives are told apart by their first bytes', { skip }, async () => {
  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['plain', (tar: Buffer) => tar],
  ] as const) {
    const tar = buildTar({ name, content: name.repeat(100_000) });
    const blob = compress(tar);
    let taken = 0;
    const layer = await shared().apply(tar, {
      source: Readable.from([blob.subarray(0, 3), blob.subarray(3)], { objectMode: false }),
      blobDigest: sha256Of(blob),
      blobSize: blob.length,
      mediaType: name,
      onProgress: (bytes) => {
        taken = bytes;
      },
    });
    assert.equal(taken, blob.length);
    assert.equal(String(readFileSync(join(shared().diff(layer), name))), name.repeat(100_000));
    assert.deepEqual(
      [layer.blobDigest, layer.blobSize, layer.mediaType],
      [sha256Of(blob), blob.length, name],
    );
  }
});

test('of several entries with one name the last wins, and the archive still comes back byte for byte', {
  skip,
}, async () => {
  const tar = buildTar(
    { name: 'f', content: 'first' },
    { name: 'link', type: '1', link: 'f' },
    { name: 'd/', type: '5' },
    { name: 'd/inside', content: 'gone with its directory' },
    { name: 'f', content: 'second, longer', mode: 0o600 },
    { name: 'f', type: '2', link: 'target' },
    { name: 'd', content: 'a file now' },
    { name: 'f', content: 'third' },
    { name: 'e/', type: '5', mode: 0o700 },
    { name: 'e/kept', content: 'kept' },
    { name: 'e/', type: '5', mode: 0o711 },
  );
  const layer = await shared().apply(tar);
  const read = (name: string) => String(readFileSync(join(shared().diff(layer), name)));
  assert.deepEqual(['f', 'link', 'd', 'e/kept'].map(read), ['third', 'first', 'a file now', 'kept']);
  assert.equal(statSync(join(shared().diff(layer), 'e')).mode & 0o777, 0o711);
  assert.deepEqual(await readAll(shared().store.layers.export(layer.id)), tar);
});

test('links inside a layer are followed as if the layer were the root', { skip }, async () => {
  const tar = buildTar(
    { name: 'real/', type: '5' },
    { name: 'abs', type: '2', link: '/real' },
    { name: 'up', type: '2', link: '../../../real' },
    { name: 'abs/one', content: '1' },
    { name: 'up/two', content: '2' },
    { name: 'abs', type: '2', link: 'elsewhere' },
  );
  const layer = await shared().apply(tar);
  assert.equal(String(readFileSync(join(shared().diff(layer), 'real/one'))), '1');
  assert.equal(String(readFileSync(join(shared().diff(layer), 'real/two'))), '2');
  assert.deepEqual(await readAll(shared().store.layers.export(layer.id)), tar);
});

test('a path of 4,095 bytes is unpacked', { skip }, async () => {
  const name = `${'d'.repeat(254)}/`.repeat(16).slice(0, 4080) + 'f'.repeat(15);
  const layer = await shared().apply(
    Buffer.concat([gnuLong('L', name), buildTar({ name: 'x', format: 'gnu', content: 'deep' })]),
  );
  const tail = execFileSync('sh', ['-c', 'cd "$1" && find . -type f | wc -c', 'sh', shared().diff(layer)], {
    encoding: 'utf8',
  });
  assert.equal(Number(tail), name.length + 3);
});

test('directories that the archive only implies look like those of the layer below', { skip }, async () => {
  const base = await shared().apply(
    buildTar(
      { name: './', type: '5', mode: 0o711 },
      { name: 'tmp/', type: '5', mode: 0o1777, uid: 3, gid: 4, mtime: 1234 },
    ),
  );
  const top = await shared().apply(buildTar({ name: 'tmp/x', content: 'x' }, { name: 'new/y' }), {
    parent: base,
  });
  const [root, tmp, fresh] = ['', 'tmp', 'new'].map((name) => statSync(join(shared().diff(top), name)));
  assert.equal((root?.mode ?? 0) & 0o7777, 0o711);
  assert.deepEqual([(tmp?.mode ?? 0) & 0o7777, tmp?.uid, tmp?.gid, tmp?.mtimeMs], [0o1777, 3, 4, 1_234_000]);
  assert.equal((fresh?.mode ?? 0) & 0o7777, 0o755);
});

test('layers of one image may arrive in any order', { skip }, async () => {
  const [low, high] = [
    buildTar({ name: 'order/', type: '5', mode: 0o700 }),
    buildTar({ name: 'order/late' }),
  ];
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof store.apply>>>();
  const store = shared();
  const chainId = sha256Of(`${sha256Of(low)} ${sha256Of(high)}`);
  const above = store.apply(high, { parent: promise, chainId });
  resolve(await store.apply(low));
  const layer = await above;
  assert.equal(layer.chainId, chainId);
  assert.deepEqual(
    store.store.layers.chain(layer.id).map((one) => one.diffId),
    [sha256Of(high), sha256Of(low)],
  );
  assert.equal(statSync(join(store.diff(layer), 'order')).mode & 0o777, 0o700);
});

test('a layer whose parent fails is dropped with the same error', { skip }, async () => {
  const before = shared().leftovers();
  const parent = Promise.reject(new Error('the parent failed'));
  const never = new Readable({ read() {} });
  const tar = buildTar({ name: 'orphan' });
  await assert.rejects(
    shared().apply(tar, { parent, chainId: sha256Of('any'), source: never }),
    /the parent failed/,
  );
  assert.equal(never.destroyed, true);
  assert.deepEqual(shared().leftovers(), before);
});

test('a layer that is there already is not unpacked again', { skip }, async () => {
  const tar = buildTar({ name: 'once' });
  const [one, two] = await Promise.all([shared().apply(tar), shared().apply(tar)]);
  assert.equal(one.id, two.id);
  const source = new Readable({ read() {} });
  assert.equal((await shared().apply(tar, { source })).id, one.id);
  assert.equal(source.destroyed, true);
});

const outside = join(scratch, 'outside');
const HOSTILE: [string, Buffer, RegExp][] = [
  [
    'a name that climbs out',
    buildTar({ name: '../../escape', content: 'x' }),
    /entry "..\/..\/escape": .*leads out/,
  ],
  [
    'a hard link that climbs out',
    buildTar({ name: 'l', type: '1', link: '../../../etc/passwd' }),
    /entry "l": .*leads out/,
  ],
  [
    'a hard link to nothing',
    buildTar({ name: 'l', type: '1', link: '/etc/passwd' }),
    /entry "l": .*not in the layer/,
  ],
  [
    'a hard link to a directory',
    buildTar({ name: 'd/', type: '5' }, { name: 'l', type: '1', link: 'd' }),
    /directory/,
  ],
  [
    'a hard link through a link to outside',
    buildTar({ name: 's', type: '2', link: '/etc' }, { name: 'l', type: '1', link: 's/passwd' }),
    /not in the layer/,
  ],
  [
    'writing through a link to outside',
    buildTar({ name: 's', type: '2', link: outside }, { name: 's/x', content: 'x' }),
    /entry "s\/x"/,
  ],
  [
    'a directory through a link to outside',
    buildTar({ name: 's', type: '2', link: outside }, { name: 's/d/', type: '5' }),
    /entry "s\/d\/"/,
  ],
  ['a whiteout of the directory above', buildTar({ name: 'd/.wh...' }), /whiteout/],
  ['a whiteout of the directory itself', buildTar({ name: 'd/.wh..' }), /whiteout/],
  ['a whiteout of nothing', buildTar({ name: '.wh.' }), /whiteout/],
  ['a file where a directory must be', buildTar({ name: 'f' }, { name: 'f/x' }), /not a directory/],
  ['a root that is a file', buildTar({ name: './', type: '2', link: '/' }), /root of a layer/],
  ['a link without target', buildTar({ name: 'l', type: '2' }), /target/],
  [
    'an archive cut off',
    buildTar({ name: 'f', content: 'x'.repeat(9999) }).subarray(0, 4000),
    /entry "f": .*ends in the middle/,
  ],
  [
    'a damaged header',
    Buffer.concat([
      buildEntry({ name: 'good' }),
      buildTar({ name: 'f', damage: (header) => header.write('g') }),
    ]),
    /checksum/,
  ],
  [
    'a name too long for a directory',
    buildTar({ name: 'x', pax: { path: 'n'.repeat(300) } }),
    /longer than 255/,
  ],
  [
    'a whiteout through a link to outside',
    buildTar({ name: 's', type: '2', link: outside }, { name: 's/.wh.kept' }),
    /entry "s\/\.wh\.kept"/,
  ],
  [
    'an opaque marker through a link to outside',
    buildTar({ name: 's', type: '2', link: outside }, { name: 's/.wh..wh..opq' }),
    /entry "s\/\.wh\.\.wh\.\.opq"/,
  ],
  [
    'a device through a link to outside',
    buildTar({ name: 's', type: '2', link: outside }, { name: 's/null', type: '3', major: 1, minor: 3 }),
    /entry "s\/null"/,
  ],
  [
    'an extended header of megabytes',
    buildTar({ name: 'x', pax: { comment: 'c'.repeat(2 << 20) } }),
    /extended tar header is larger/,
  ],
  [
    'a long name of megabytes',
    Buffer.concat([gnuLong('L', 'n'.repeat(2 << 20)), buildTar({ name: 'x' })]),
    /extended tar header is larger/,
  ],
  [
    'an extended header whose record is longer than it',
    buildTar({ name: 'x', pax: { comment: 'c' }, damage: () => {} }).fill('9', 512, 513),
    /malformed/,
  ],
  ['a negative size', buildTar({ name: 'x', pax: { size: '-1' } }), /size/],
  ['a size of exabytes', buildTar({ name: 'x', pax: { size: '9223372036854775807' } }), /size/],
  [
    'a sparse file with more holes than sense',
    buildTar({
      name: 'x',
      content: 'x',
      pax: { 'GNU.sparse.size': '10', 'GNU.sparse.numblocks': '1', 'GNU.sparse.map': '9,900' },
    }),
    /sparse/,
  ],
];

for (const [what, tar, message] of HOSTILE) {
  test(`${what} is refused by the name of the entry, and nothing is left behind`, { skip }, async () => {
    mkdirSync(outside, { recursive: true });
    const before = shared().leftovers();
    await assert.rejects(shared().apply(tar), (error: Error) => {
      assert.equal(error.name, 'IntegrityError');
      assert.match(error.message, message);
      assert.match(error.message, /^layer sha256:[0-9a-f]{12}: /);
      return true;
    });
    assert.deepEqual(shared().leftovers(), before);
    assert.deepEqual(listTree(outside).length, 1);
    assert.equal(existsSync(join(shared().root, 'escape')), false);
  });
}

test('a million entries are no more than a thousand, over and over', { skip }, async () => {
  const thousand = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => buildEntry({ name: `d${i % 10}/${i}/`, type: '5' })),
  );
  const parts = [...Array.from({ length: 1000 }, () => thousand), Buffer.alloc(1024)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const layer = await shared().apply(Buffer.alloc(0), {
    diffId: `sha256:${hash.digest('hex')}`,
    source: Readable.from(parts, { objectMode: false }),
  });
  assert.equal(layer.tarSize, 1_000_000 * 512 + 1024);
  assert.ok(existsSync(join(shared().diff(layer), 'd9/999')));
});

test('a link put into the path of a listed directory does not lead the times outside', { skip }, async () => {
  mkdirSync(join(outside, 'b'), { recursive: true });
  const before = listTree(outside);
  const tar = buildTar({ name: 'a/b/', type: '5', mtime: 1 }, { name: 'a', type: '2', link: outside });
  const layer = await shared().apply(tar);
  assert.deepEqual(listTree(outside), before);
  assert.equal(statSync(join(outside, 'b')).mtimeMs === 1000, false);
  assert.ok(layer.id);
});

test("the union mount's own attributes are not taken from a layer", { skip }, async () => {
  const tar = buildTar({
    name: 'd/',
    type: '5',
    pax: {
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.trusted.overlay.redirect': '/x',
      'SCHILY.xattr.user.ok': 'v',
    },
  });
  const layer = await shared().apply(tar);
  assert.deepEqual(syscalls().llistxattr(join(shared().diff(layer), 'd')), ['user.ok']);
});

test('content that is not what was announced is refused, and nothing is left behind', { skip }, async () => {
  const tar = buildTar({ name: 'f', content: 'x'.repeat(100_000) });
  const blob = gzipSync(tar);
  const from = (bytes: Buffer) => Readable.from([bytes], { objectMode: false });
  const before = shared().leftovers();
  const refused = (options: Parameters<ReturnType<typeof shared>['apply']>[1], message: RegExp) =>
    assert.rejects(shared().apply(tar, options), { name: 'IntegrityError', message });
  await refused({ diffId: sha256Of('other') }, /content's digest is/);
  await refused({ source: from(blob), blobDigest: sha256Of('other') }, /blob's digest is/);
  await refused({ source: from(blob), blobSize: blob.length + 1 }, /instead of/);
  await refused({ source: from(blob), blobSize: blob.length - 1 }, /larger than/);
  await refused({ source: from(blob.subarray(0, 60)) }, /gzip stream is damaged/);
  await refused(
    { source: from(zstdCompressSync(tar).subarray(0, 60)) },
    /zstd stream is damaged|ends in the middle|digest/,
  );
  const flipped = Buffer.from(blob);
  flipped[blob.length - 6] = (flipped[blob.length - 6] ?? 0) ^ 1;
  await refused({ source: from(flipped) }, /gzip stream is damaged/);
  assert.deepEqual(shared().leftovers(), before);
});

test('a stream that fails or is aborted ends the layer with that reason', { skip }, async () => {
  const tar = buildTar({ name: 'f', content: 'x'.repeat(3_000_000) });
  const before = shared().leftovers();
  const failing = Readable.from(
    (async function* () {
      yield tar.subarray(0, 1_000_000);
      throw new Error('connection lost');
    })(),
    { objectMode: false },
  );
  await assert.rejects(shared().apply(tar, { source: failing }), /connection lost/);
  const stop = new AbortController();
  const stalled = new Readable({ read() {} });
  stalled.push(tar.subarray(0, 1_000_000));
  const work = shared().apply(tar, {
    source: stalled,
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('changed my mind')),
  });
  await assert.rejects(work, /changed my mind/);
  assert.deepEqual(shared().leftovers(), before);
  assert.ok((await shared().apply(tar)).id);
});

test('a full disk is called by its name, and the space comes back', { skip }, async () => {
  const mount = mkdtempSync(join(scratch, 'small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mount]);
  try {
    using small = testStore('overlay', join(mount, 'root'));
    const big = buildTar(
      { name: 'fits', content: 'x'.repeat(1000) },
      { name: 'big', content: Buffer.alloc(12_000_000, 1) },
    );
    await assert.rejects(small.apply(big), (error: Error) => {
      assert.equal(error.name, 'StorageError');
      assert.match(error.message, /entry "big".*no space left on device/);
      assert.ok(error.message.includes(mount));
      return true;
    });
    assert.deepEqual(small.leftovers(), []);
    assert.ok((await small.apply(buildTar({ name: 'small', content: Buffer.alloc(1_000_000, 1) }))).id);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});

test('an exported layer that somebody has changed on disk fails instead of ending', { skip }, async () => {
  const layer = await shared().apply(buildTar({ name: 'changed', content: 'original' }));
  writeFileSync(join(shared().diff(layer), 'changed'), 'tampered');
  await assert.rejects(readAll(shared().store.layers.export(layer.id)), {
    name: 'IntegrityError',
    message: /changed on disk/,
  });
  rmSync(join(shared().diff(layer), 'changed'));
  await assert.rejects(readAll(shared().store.layers.export(layer.id)), {
    name: 'IntegrityError',
    message: /is missing/,
  });
});
