import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { syscalls } from '../../src/native/linux.ts';
import { checkStore } from '../../src/storage/check.ts';
import { storeLayout } from '../../src/storage/layout.ts';
import { buildTar } from '../fixtures/layers/build-tar.ts';
import { SCRATCH, testStore } from '../fixtures/layers/test-store.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root');
const scratch = mkdtempSync(join(SCRATCH, 'tspod-crash-'));
const PROGRAM = new URL('../fixtures/layers/apply-once.ts', import.meta.url).pathname;
const tarPath = join(scratch, 'layer.tar');
const tar = buildTar(
  { name: 'a/', type: '5' },
  { name: 'a/b', content: 'one' },
  { name: 'a/b', content: 'two' },
  { name: 'a/c', content: Buffer.alloc(2_000_000, 7) },
);
writeFileSync(tarPath, tar);
after(() => rmSync(scratch, { recursive: true, force: true }));

function start(root: string, crashAt?: string, container = 'c') {
  const env = crashAt === undefined ? process.env : { ...process.env, TSPOD_CRASH_AT: crashAt };
  const child = spawn(process.execPath, [PROGRAM, root, tarPath, container], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return once(child, 'close').then(([code, signal]) => ({ code, signal, output: output.trim() }));
}

const POINTS = [
  'layer-after-row',
  'layer-half-unpacked',
  'layer-before-sync',
  'layer-before-complete',
  'image-before-add',
  'rootfs-after-create',
  'rootfs-after-mount',
  'rootfs-before-remove',
  'trash-before-empty',
];

for (const point of POINTS) {
  test(`after kill -9 at ${point} the store works on, and repair and pruning leave nothing behind`, {
    skip,
  }, async () => {
    const root = join(scratch, point);
    using opened = testStore('overlay', root);
    const { store, db, leftovers } = opened;
    assert.equal((await start(root, point)).signal, 'SIGKILL');
    const context = { db, layout: storeLayout(root), system: syscalls() };
    assert.equal((await start(root)).code, 0);
    const found = await checkStore(context, { repair: true });
    assert.deepEqual(
      found.filter((finding) => !finding.repaired),
      [],
    );
    assert.deepEqual(await checkStore(context, { repair: false }), []);
    for (const image of store.images.list()) store.images.remove(image.id);
    await store.layers.removeUnused();
    assert.deepEqual(leftovers(), []);
  });
}

test('pruning alone gets rid of a half unpacked layer', { skip }, async () => {
  const root = join(scratch, 'prune');
  using opened = testStore('overlay', root);
  assert.equal((await start(root, 'layer-half-unpacked')).signal, 'SIGKILL');
  assert.equal(opened.leftovers().length, 2);
  await opened.store.layers.removeUnused();
  assert.deepEqual(opened.leftovers(), []);
});

test('processes that unpack one layer at the same time end up with one', { skip }, async () => {
  const root = join(scratch, 'race');
  using opened = testStore('overlay', root);
  const ends = await Promise.all(['a', 'b', 'c'].map((container) => start(root, undefined, container)));
  assert.deepEqual(
    ends.map((end) => end.code),
    [0, 0, 0],
  );
  assert.equal(new Set(ends.map((end) => end.output)).size, 1);
  assert.equal(opened.leftovers().filter((name) => name.startsWith('row')).length, 1);
});

test('a layer is not pruned between its unpacking and its image', { skip }, async () => {
  using opened = testStore('overlay', join(scratch, 'held'));
  const { store } = opened;
  const layer = await opened.apply(tar);
  assert.equal(await store.layers.removeUnused(), 0);
  const added = store.images.add({
    manifest: '{}',
    manifestType: 'test',
    rawConfig: '{"os":"linux"}',
    topLayerId: layer.id,
    names: [],
    digests: [],
  });
  assert.equal(added.size, layer.diskSize);
  assert.equal(await store.layers.removeUnused(), 0);
  store.images.remove(added.id);
  assert.equal(await store.layers.removeUnused(), layer.diskSize);
  assert.deepEqual(opened.leftovers(), []);
});
