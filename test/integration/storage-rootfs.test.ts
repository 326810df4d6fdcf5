import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DRIVER_NAMES } from '../../src/storage/drivers/driver.ts';
import type { LayerRecord } from '../../src/storage/store.ts';
import { buildTar } from '../fixtures/layers/build-tar.ts';
import { listTree } from '../fixtures/layers/list-tree.ts';
import { readAll, SCRATCH, type TestStore, testStore } from '../fixtures/layers/test-store.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root');
const scratch = mkdtempSync(join(SCRATCH, 'tspod-rootfs-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const hasFuse = existsSync('/usr/bin/fuse-overlayfs') && requires('fuse') === false;
const DRIVERS = DRIVER_NAMES.filter((name) => name !== 'fuse-overlayfs' || hasFuse);
const id = (letter: string): string => letter.repeat(64);

async function stack(store: TestStore, ...tars: Buffer[]): Promise<LayerRecord> {
  let top: LayerRecord | undefined;
  for (const tar of tars) top = await store.apply(tar, { parent: top });
  assert.ok(top !== undefined);
  return top;
}

const LOW = buildTar(
  { name: './', type: '5', mode: 0o755 },
  { name: 'gone', content: 'x' },
  { name: 'gone-dir/', type: '5' },
  { name: 'gone-dir/x' },
  { name: 'opaque/', type: '5' },
  { name: 'opaque/old', content: 'old' },
  { name: 'opaque/sub/', type: '5' },
  { name: 'opaque/sub/old' },
  { name: 'again/', type: '5' },
  { name: 'again/old' },
  { name: 'kept/', type: '5', mode: 0o700, uid: 5, mtime: 77 },
  { name: 'kept/file', content: 'low' },
  { name: 'kept/same', type: '1', link: 'kept/file' },
);
const HIGH = buildTar(
  { name: '.wh.gone' },
  { name: '.wh.gone-dir' },
  { name: '.wh.never-was' },
  { name: '.wh..wh.plnk' },
  { name: 'opaque/', type: '5' },
  { name: 'opaque/new', content: 'n' },
  { name: 'opaque/.wh..wh..opq' },
  { name: 'opaque/sub/', type: '5' },
  { name: 'opaque/sub/new' },
  // A directory deleted and made again, whiteout first and without an entry of its own.
  { name: '.wh.again' },
  { name: 'again/new' },
  { name: 'kept/file', content: 'high' },
);

const CHANGES = `
  set -e; cd "$1"
  rm -r gone gone-dir opaque; mkdir opaque; printf f > opaque/fresh
  printf changed > new; ln new new-link; chmod 4711 new; chown 7:8 new; ln -s /nowhere sym
  mkfifo kept/pipe; mknod kept/null c 1 3; setfattr -n user.x -v y new 2>/dev/null || true
  long=$(printf 'n%.0s' $(seq 200)); printf l > "$long"; printf b > "$(printf 'byte-\\377')"
  touch -d '1960-01-01 00:00:00.25 UTC' new; chown 3000000:3000001 "$long"; head -c 3000000 /dev/zero > big`;
/** The mount's own attributes show up where the driver is not the kernel. */
const SEEN = { directoryTimes: false, ignoreXattrs: /overlay/ };

for (const driver of DRIVERS) {
  test(`with ${driver}, whiteouts and opaque directories hide what lies below`, { skip }, async () => {
    using opened = testStore(driver);
    const top = await stack(opened, LOW, HIGH);
    const { rootfs, layers } = opened.store;
    const merged = await rootfs.mount({ containerId: id('a'), topLayerId: top.id });
    try {
      const names = listTree(merged).map((line) => line.split(' ', 2).join(' '));
      assert.deepEqual(names, [
        '. dir',
        './again dir',
        './again/new file',
        './kept dir',
        './kept/file file',
        './kept/same file',
        './opaque dir',
        './opaque/new file',
        './opaque/sub dir',
        './opaque/sub/new file',
      ]);
      assert.equal(String(readFileSync(join(merged, 'kept/file'))), 'high');
      assert.equal(String(readFileSync(join(merged, 'kept/same'))), 'low');
      const kept = statSync(join(merged, 'kept'));
      assert.deepEqual([kept.mode & 0o7777, kept.uid], [0o700, 5]);
      assert.equal(statSync(merged).mode & 0o7777, 0o755);
      assert.deepEqual(await readAll(layers.export(top.id)), HIGH);
    } finally {
      await rootfs.remove(id('a'));
    }
  });

  test(`with ${driver}, what containers write is theirs alone`, { skip }, async () => {
    using opened = testStore(driver);
    const top = await stack(opened, LOW);
    const { rootfs } = opened.store;
    const before = listTree(opened.diff(top));
    const [one, two] = await Promise.all(
      ['a', 'b'].map((letter) => rootfs.mount({ containerId: id(letter), topLayerId: top.id })),
    );
    try {
      writeFileSync(join(one ?? '', 'opaque/old'), 'changed');
      rmSync(join(one ?? '', 'gone'));
      writeFileSync(join(one ?? '', 'big'), Buffer.alloc(300_000));
      assert.equal(String(readFileSync(join(two ?? '', 'opaque/old'))), 'old');
      assert.ok(existsSync(join(two ?? '', 'gone')));
      assert.ok((await rootfs.usage(id('a'))) >= 300_000);
      rootfs.unmount(id('a'));
      rootfs.unmount(id('a'));
      assert.equal(rootfs.isMounted(id('a')), false);
      assert.equal(await rootfs.mount({ containerId: id('a'), topLayerId: top.id }), one);
      assert.equal(String(readFileSync(join(one ?? '', 'opaque/old'))), 'changed');
      assert.deepEqual(listTree(opened.diff(top)), before);
    } finally {
      for (const letter of ['a', 'b', 'n']) await rootfs.remove(id(letter));
    }
    assert.deepEqual(readdirSync(join(opened.root, 'containers')), []);
    assert.deepEqual(readdirSync(join(opened.root, 'trash')), []);
  });

  test(`with ${driver}, what a container has changed becomes a layer that gives the same files`, {
    skip,
  }, async () => {
    using opened = testStore(driver);
    const top = await stack(opened, LOW);
    const { rootfs } = opened.store;
    const [one, two] = [
      { containerId: id('a'), topLayerId: top.id },
      { containerId: id('b'), topLayerId: '' },
    ];
    const merged = await rootfs.mount(one);
    try {
      execFileSync('sh', ['-c', CHANGES, 'sh', merged]);
      // fuse-overlayfs writes times late.
      rootfs.unmount(id('a'));
      const told = [...(await rootfs.changes(one))].map(({ kind, path }) => `${kind[0]} ${path}`);
      for (const line of [
        'd gone',
        'd gone-dir',
        'c opaque',
        'a opaque/fresh',
        'a new',
        'c kept',
        'a kept/pipe',
      ])
        assert.ok(told.includes(line), `${line} is missing in ${told.join(', ')}`);
      assert.ok(!told.includes('a again/old') && !told.includes('c again/old'));
      const tar = await readAll(rootfs.diff(one));
      execFileSync('tar', ['-tf', '-'], { input: tar });
      const layer = await opened.apply(tar, { parent: top });
      two.topLayerId = layer.id;
      assert.deepEqual(listTree(await rootfs.mount(two), SEEN), listTree(await rootfs.mount(one), SEEN));
    } finally {
      for (const { containerId } of [one, two]) await rootfs.remove(containerId);
    }
  });

  test(`with ${driver}, an image without layers and a read-only container work`, { skip }, async () => {
    using opened = testStore(driver);
    const { rootfs } = opened.store;
    const empty = await rootfs.mount({ containerId: id('e'), topLayerId: undefined });
    try {
      writeFileSync(join(empty, 'x'), 'x');
      assert.deepEqual(readdirSync(empty), ['x']);
    } finally {
      await rootfs.remove(id('e'));
    }
    if (driver === 'vfs') return;
    const top = await stack(opened, LOW);
    const merged = await rootfs.mount({ containerId: id('r'), topLayerId: top.id, readOnly: true });
    try {
      assert.ok(existsSync(join(merged, 'gone')));
      assert.throws(() => writeFileSync(join(merged, 'x'), 'x'), { code: 'EROFS' });
    } finally {
      await rootfs.remove(id('r'));
    }
  });
}

test('a busy mount is detached', { skip }, async () => {
  using opened = testStore('overlay');
  const top = await stack(opened, LOW);
  const merged = await opened.store.rootfs.mount({
    containerId: id('a'),
    topLayerId: top.id,
    options: ['volatile'],
  });
  const before = process.cwd();
  process.chdir(merged);
  try {
    opened.store.rootfs.unmount(id('a'));
    assert.equal(opened.store.rootfs.isMounted(id('a')), false);
  } finally {
    process.chdir(before);
    await opened.store.rootfs.remove(id('a'));
  }
});

test('a volatile container can be mounted again after a power cut', { skip }, async () => {
  using opened = testStore('overlay');
  const top = await stack(opened, LOW);
  const options = { containerId: id('v'), topLayerId: top.id, options: ['volatile'] };
  const merged = await opened.store.rootfs.mount(options);
  try {
    writeFileSync(join(merged, 'x'), 'x');
    execFileSync('cp', ['-a', join(opened.root, 'containers', id('v'), 'work'), join(scratch, 'work')]);
    opened.store.rootfs.unmount(id('v'));
    // As the power cut leaves it: the mark is still there.
    execFileSync('cp', ['-a', join(scratch, 'work/.'), join(opened.root, 'containers', id('v'), 'work')]);
    assert.equal(await opened.store.rootfs.mount(options), merged);
    assert.equal(String(readFileSync(join(merged, 'x'))), 'x');
  } finally {
    await opened.store.rootfs.remove(id('v'));
  }
});

test('more layers than fit into one page of mount options can be mounted', { skip }, async () => {
  using opened = testStore('overlay');
  const tars = Array.from({ length: 150 }, (_, i) => buildTar({ name: `f${i}` }));
  const top = await stack(opened, ...tars);
  const merged = await opened.store.rootfs.mount({ containerId: id('m'), topLayerId: top.id });
  try {
    assert.equal(readdirSync(merged).length, 150);
  } finally {
    await opened.store.rootfs.remove(id('m'));
  }
});

test('a graph root in use refuses another driver, an unused one takes it', { skip }, async () => {
  const root = join(scratch, 'driver');
  {
    const opened = testStore('overlay', root);
    opened.db.close();
    const other = testStore('vfs', root);
    assert.equal(other.store.driverName, 'vfs');
    await other.apply(LOW);
    other.db.close();
  }
  assert.throws(() => testStore('overlay', root), {
    name: 'StorageError',
    message: `the store at ${root} belongs to the vfs driver, not to overlay`,
  });
  using same = testStore(undefined, root);
  assert.equal(same.store.driverName, 'vfs');
});

test('a store of a newer tspod is refused by name; a damaged driver file is written anew from the database', {
  skip,
}, () => {
  const root = join(scratch, 'newer');
  testStore('vfs', root).db.close();
  const file = join(root, 'driver');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace('"format":1', '"format":99'));
  assert.throws(() => testStore(undefined, root), { name: 'StorageError', message: /newer tspod/ });
  for (const spoil of [() => writeFileSync(file, 'junk'), () => rmSync(file)]) {
    spoil();
    const { db, store } = testStore(undefined, root);
    assert.equal(store.driverName, 'vfs');
    assert.equal(readFileSync(file, 'utf8'), good);
    db.close();
  }
  const { db } = testStore(undefined, root);
  db.exec('DELETE FROM settings');
  db.close();
  writeFileSync(file, 'junk');
  assert.throws(() => testStore(undefined, root), { name: 'StorageError', message: `${file} is damaged` });
});

test('a layer whose directory is gone harms only its images, and is fetched again alone', {
  skip,
}, async () => {
  const { checkStore } = await import('../../src/storage/check.ts');
  const { storeLayout } = await import('../../src/storage/layout.ts');
  const { syscalls } = await import('../../src/native/linux.ts');
  using opened = testStore('overlay');
  const { store, db, root } = opened;
  const [low, other] = [await opened.apply(LOW), await opened.apply(buildTar({ name: 'other' }))];
  const top = await opened.apply(HIGH, { parent: low });
  const image = (seed: string, layer: LayerRecord) =>
    store.images.add({
      manifest: '{}',
      manifestType: 't',
      rawConfig: `{"os":"${seed}"}`,
      topLayerId: layer.id,
      names: [],
      digests: [],
    });
  const [hurt, fine] = [image('hurt', top), image('fine', other)];
  rmSync(join(root, 'layers', low.id), { recursive: true });
  const context = { db, layout: storeLayout(root), system: syscalls() };
  const found = await checkStore(context, { repair: false });
  assert.deepEqual(
    found.map(({ kind, name }) => [kind, name]),
    [['layer', low.id]],
  );
  await assert.rejects(store.rootfs.mount({ containerId: id('x'), topLayerId: hurt.topLayerId }), {
    name: 'StorageError',
  });
  await checkStore(context, { repair: true });
  assert.deepEqual(
    (await checkStore(context, { repair: false })).map(({ kind, name }) => [kind, name]),
    [['image', hurt.id]],
  );
  assert.equal(store.layers.find(low.chainId), undefined);
  assert.throws(() => store.layers.chain(top.id), { name: 'StorageError', message: /missing/ });
  assert.equal(store.layers.chain(fine.topLayerId ?? '').length, 1);
  assert.equal((await opened.apply(LOW)).id, low.id);
  assert.deepEqual(await checkStore(context, { repair: true }), []);
  const merged = await store.rootfs.mount({ containerId: id('x'), topLayerId: hurt.topLayerId });
  try {
    assert.ok(existsSync(join(merged, 'kept/file')));
  } finally {
    await store.rootfs.remove(id('x'));
  }
});
