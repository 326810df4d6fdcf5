import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { listStore } from '../fixtures/crash-survey.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildTar } from '../fixtures/layers/build-tar.ts';
import { testStore } from '../fixtures/layers/test-store.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root');
const opened = skip === false ? testStore() : undefined;
after(() => opened?.[Symbol.dispose]());

function shared() {
  assert.ok(opened !== undefined);
  return opened;
}

test('upper and lower case are different names, and only `.wh.` is a whiteout', { skip }, async () => {
  const low = await shared().apply(
    buildTar({ name: 'case/name' }, { name: 'case/NAME' }, { name: 'case/x' }),
  );
  const tar = buildTar(
    { name: 'case/.WH.NAME' },
    { name: 'case/.wh.name' },
    { name: 'CASE/x', content: 'y' },
  );
  const top = await shared().apply(tar, { parent: low });
  const id = 'e'.repeat(64);
  const merged = await shared().store.rootfs.mount({ containerId: id, topLayerId: top.id });
  assert.deepEqual(readdirSync(join(merged, 'case')).sort(), ['.WH.NAME', 'NAME', 'x']);
  assert.equal(readFileSync(join(merged, 'CASE/x'), 'utf8'), 'y');
  await shared().store.rootfs.remove(id);
});

test('thousands of extended headers, and an attribute that no file system takes, end in one error', {
  skip,
}, async () => {
  const before = shared().leftovers();
  const pax = buildTar({ name: 'x', pax: { comment: 'c'.repeat(900_000) } }).subarray(0, -1024 - 512);
  const many = Buffer.concat(Array.from({ length: 50 }, () => pax));
  await assert.rejects(shared().apply(many), {
    name: 'IntegrityError',
    message: /ends after an extended header/,
  });
  const attribute = buildTar({ name: 'x', pax: { 'SCHILY.xattr.user.large': 'v'.repeat(900_000) } });
  await assert.rejects(shared().apply(attribute), (error: Error) => /entry "x"/.test(error.message));
  assert.deepEqual(shared().leftovers(), before);
});

for (const compression of ['gzip', 'zstd'] as const)
  test(`a layer of a few kilobytes that ${compression} makes gigabytes of is stopped at the limit`, {
    skip,
  }, async () => {
    const before = shared().leftovers();
    const tar = buildTar({ name: compression, content: Buffer.alloc(64 << 20) });
    const bomb = compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
    const apply = () => shared().apply(tar, { source: Readable.from([bomb]), compression });
    process.env['TSPOD_UNPACK_LIMIT'] = '8m';
    try {
      await assert.rejects(apply(), { name: 'IntegrityError', message: /bytes unpack to more than 8388608/ });
    } finally {
      delete process.env['TSPOD_UNPACK_LIMIT'];
    }
    assert.deepEqual(shared().leftovers(), before);
    // With room for it, it may be what somebody wants.
    await shared().apply(tar, { source: Readable.from([bomb]), compression });
  });

for (const command of [['load', '-i'], ['import']])
  test(`${command[0]} of an archive that is a bomb is stopped at the limit`, async () => {
    const bomb = join(testRoot().base, 'bomb.tar.gz');
    writeFileSync(bomb, gzipSync(buildTar({ name: 'zeros', content: Buffer.alloc(64 << 20) })));
    await tspodOk(['images']);
    const before = listStore(testRoot());
    const { code, stderr } = await tspod([...command, bomb], { env: { TSPOD_UNPACK_LIMIT: '8m' } });
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^Error: .*bytes unpack to more than 8388608\nif that is no mistake, allow it: TSPOD_UNPACK_LIMIT=/m,
    );
    assert.deepEqual(listStore(testRoot()), before);
  });

test('a file of 10 GB that is holes but for its end is no bomb: it comes and goes as one', async () => {
  const { base, graphRoot } = testRoot();
  const SIZE = 10 * 2 ** 30;
  const [tree, tar, saved] = ['tree', 'holes.tar', 'saved.tar'].map((name) => join(base, name));
  assert.ok(tree !== undefined && tar !== undefined && saved !== undefined);
  mkdirSync(tree);
  const fd = openSync(join(tree, 'large'), 'w');
  writeSync(fd, 'end', SIZE - 3);
  closeSync(fd);
  assert.equal(spawnSync('tar', ['--sparse', '-C', tree, '-cf', tar, 'large']).status, 0);
  await tspodOk(['import', '-q', tar, 'holes']);
  const top = await tspodOk(['image', 'inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', 'holes']);
  assert.ok(top.startsWith(graphRoot));
  const { size, blocks } = statSync(join(top, 'large'));
  assert.deepEqual([size, blocks < 100], [SIZE, true]);
  await tspodOk(['save', '-q', '-o', saved, 'holes']);
  assert.ok(statSync(saved).size < 1e6);
  await tspodOk(['rmi', 'holes']);
  await tspodOk(['load', '-q', '-i', saved]);
  const again = await tspodOk(['image', 'inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', 'holes']);
  const end = Buffer.alloc(4);
  const file = openSync(join(again, 'large'), 'r');
  assert.equal(readSync(file, end, 0, 4, SIZE - 4), 4);
  closeSync(file);
  assert.equal(end.toString(), '\0end');
});
