import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { hexOf, sha256Of } from '../../src/base/ids.ts';
import { loadImages } from '../../src/image/archive-load.ts';
import { type SaveFormat, saveToPath } from '../../src/image/archive-save.ts';
import { importTar } from '../../src/image/import-tar.ts';
import type { LoadOptions } from '../../src/image/load-options.ts';
import {
  buildImage,
  buildIndex,
  buildTar,
  type FixtureEntry,
  type FixtureImage,
} from '../fixtures/images.ts';
import { type MemoryStore, memoryStore } from '../fixtures/memory-store.ts';
import { requires } from '../fixtures/requires.ts';

const noSkopeo = requires('skopeo');

const image = buildImage({
  docker: true,
  layers: [
    [{ name: 'etc/' }, { name: 'etc/base', content: 'base' }],
    [{ name: 'etc/top', content: 'x'.repeat(70_000) }],
    [{ name: 'etc/base2', content: 'base2' }],
  ],
  run: { Cmd: ['/bin/true'], Labels: { a: 'b' } },
});
const id = hexOf(image.config.digest);

describe('image archives', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-archive-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const load = (store: MemoryStore, input: string | Readable, options: LoadOptions = {}) =>
    loadImages(
      { store, leaseDirectory: join(directory, 'locks'), temporary: join(directory, 'tmp') },
      input,
      { arch: 'amd64', ...options },
    );
  const tars = (store: MemoryStore, top: string | undefined) =>
    store.layers
      .chain(top ?? '')
      .reverse()
      .map((one) => store.tarOf(one.id));
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(directory, name);
    writeFileSync(path, bytes);
    return path;
  };
  const program = (command: string, ...args: string[]) => {
    const result = spawnSync(command, args, { encoding: 'utf8' });
    assert.equal(result.status, 0, `${command} ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  /** A store that holds `image` under two names. */
  async function filled(): Promise<MemoryStore> {
    const store = memoryStore();
    await load(store, file('filled.tar', dockerArchive(image, ['quay.io/a/one:1', 'busybox:2'])));
    return store;
  }

  it('loads every image of a docker archive with its names', async () => {
    const store = memoryStore();
    const other = buildImage({ docker: true, layers: [[{ name: 'other' }]] });
    const archive = buildTar([
      ...archiveEntries(image, 'one'),
      ...archiveEntries(other, 'two'),
      {
        name: 'manifest.json',
        content: JSON.stringify([row(image, 'one', ['busybox:1', 'quay.io/x/y:2']), row(other, 'two', null)]),
      },
    ]);
    const loaded = await load(store, file('many.tar', archive));
    assert.deepEqual(
      loaded.map((one) => one.names),
      [['docker.io/library/busybox:1', 'quay.io/x/y:2'], []],
    );
    assert.equal(loaded[0]?.image.id, id);
    assert.deepEqual(tars(store, loaded[0]?.image.topLayerId), image.tars);
    assert.deepEqual(tars(store, loaded[1]?.image.topLayerId), other.tars);
  });

  for (const [how, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['xz', (bytes: Buffer) => spawnSync('xz', ['-c'], { input: bytes, maxBuffer: 1e9 }).stdout],
    ['nothing', (bytes: Buffer) => bytes],
  ] as const) {
    it(`loads an archive packed by ${how} from a file and from a stream`, async () => {
      const bytes = pack(dockerArchive(image, ['x:1']));
      const fromFile = memoryStore();
      const path = file(`packed-${how}`, bytes);
      const [one] = await load(fromFile, path);
      assert.deepEqual(tars(fromFile, one?.image.topLayerId), image.tars);
      const fromStream = memoryStore();
      const [two] = await load(fromStream, createReadStream(path, { highWaterMark: 1000 }));
      assert.deepEqual(tars(fromStream, two?.image.topLayerId), image.tars);
      assert.deepEqual(existsSync(join(directory, 'tmp')) ? readdirSync(join(directory, 'tmp')) : [], []);
    });
  }

  it('follows links between equal layers and takes compressed ones', async () => {
    const base = [{ name: 'same', content: 'same' }];
    const twice = buildImage({ docker: true, layers: [base, base] });
    const archive = buildTar([
      { name: 'config.json', content: twice.config.bytes },
      { name: 'aa/' },
      { name: 'aa/layer.tar', content: twice.layers[0]?.bytes ?? '' },
      { name: 'bb/' },
      { name: 'bb/layer.tar', link: '../aa/layer.tar' },
      {
        name: 'manifest.json',
        content: JSON.stringify([
          { Config: 'config.json', RepoTags: ['t:1'], Layers: ['aa/layer.tar', 'bb/layer.tar'] },
        ]),
      },
    ]);
    const store = memoryStore();
    const [loaded] = await load(store, file('links.tar', archive));
    assert.deepEqual(tars(store, loaded?.image.topLayerId), twice.tars);
  });

  it('refuses damaged archives with a reason', async () => {
    const whole = dockerArchive(image, ['x:1']);
    await assert.rejects(load(memoryStore(), file('cut.tar', whole.subarray(0, whole.length / 2))), {
      name: /Integrity|InvalidSpec/,
    });
    const rightBehindAHeader = file('cut-content.tar', whole.subarray(0, 1024));
    await assert.rejects(load(memoryStore(), rightBehindAHeader), { message: /ends in the middle of / });
    await assert.rejects(load(memoryStore(), file('cut.gz', gzipSync(whole).subarray(0, -100))), {
      name: 'IntegrityError',
    });
    await assert.rejects(load(memoryStore(), file('rootfs.tar', buildTar([{ name: 'etc/' }]))), {
      message: /is not an image archive/,
    });
    await assert.rejects(load(memoryStore(), join(directory, 'missing.tar')), { name: 'NotFoundError' });
    const wrong = buildTar([
      { name: 'c.json', content: image.config.bytes },
      { name: 'l.tar', content: image.tars[0] ?? '' },
      { name: 'manifest.json', content: JSON.stringify([{ Config: 'c.json', Layers: ['l.tar'] }]) },
    ]);
    await assert.rejects(load(memoryStore(), file('wrong.tar', wrong)), { message: /1 layers, .* names 3/ });
  });

  it('loads the one of several that is counted', async () => {
    const second = buildImage({ docker: true, layers: [[{ name: 'second' }]] });
    const source = await filled();
    await load(source, file('second.tar', dockerArchive(second, ['localhost/second:2'])));
    const images = source.images.list().map((one) => ({ image: one, names: one.names }));
    // An OCI index has an entry for each name.
    const last = { 'docker-archive': '@1', 'oci-archive': '@2' };
    for (const format of ['docker-archive', 'oci-archive'] as const) {
      const path = join(directory, `counted-${format}`);
      await saveToPath({ store: source, images, format }, path);
      const [loaded, ...others] = await load(memoryStore(), path, { only: last[format] });
      assert.equal(loaded?.image.id, images[1]?.image.id, format);
      assert.deepEqual(others, []);
      await assert.rejects(load(memoryStore(), path, { only: '@9' }), { message: /no image @9: it has \d/ });
    }
  });

  it('says why there is no place to save to', async () => {
    const source = await filled();
    const images = source.images.list().map((one) => ({ image: one, names: one.names }));
    const save = (path: string) => saveToPath({ store: source, images, format: 'docker-archive' }, path);
    await assert.rejects(save(directory), { name: 'ConflictError', message: /it is a directory/ });
    await assert.rejects(save('/proc/x.tar'), {
      name: 'StorageError',
      message: /^cannot save to \/proc\/x\.tar: open \/proc\/x\.tar: /,
    });
    await assert.rejects(save(join(directory, 'none/x.tar')), { message: /none does not exist$/ });
  });

  it('loads the image for this machine from an OCI layout with an index', async () => {
    const index = buildIndex([
      { architecture: 'arm64', layers: [[{ name: 'a' }]] },
      { architecture: 'amd64', layers: [[{ name: 'b' }]] },
    ]);
    const blobs = [index.index, ...index.images.flatMap((one) => [one.manifest, one.config, ...one.layers])];
    const top = {
      schemaVersion: 2,
      manifests: [
        {
          mediaType: index.index.mediaType,
          digest: index.index.digest,
          size: index.index.bytes.length,
          annotations: { 'org.opencontainers.image.ref.name': 'quay.io/m/n:3' },
        },
      ],
    };
    const archive = buildTar([
      { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
      { name: 'index.json', content: JSON.stringify(top) },
      ...blobs.map((one) => ({ name: `blobs/sha256/${hexOf(one.digest)}`, content: one.bytes })),
    ]);
    const store = memoryStore();
    const [loaded] = await load(store, file('multi-oci.tar', archive));
    assert.equal(loaded?.image.config.architecture, 'amd64');
    assert.deepEqual(loaded?.names, ['quay.io/m/n:3']);
  });

  for (const format of ['docker-archive', 'docker-dir', 'oci-archive', 'oci-dir'] as const) {
    it(`reads back what it saved as ${format}`, async () => {
      const source = await filled();
      const [record] = source.images.list();
      assert.ok(record);
      const path = join(directory, `saved-${format}`);
      await saveToPath({ store: source, images: [{ image: record, names: record.names }], format }, path);
      const store = memoryStore();
      const loaded = await load(store, path);
      assert.deepEqual(new Set(loaded.map((one) => one.image.id)), new Set([id]));
      assert.deepEqual(tars(store, loaded[0]?.image.topLayerId), image.tars);
      if (format !== 'docker-dir')
        assert.deepEqual(loaded.flatMap((one) => one.names).sort(), [...record.names].sort());
    });

    // skopeo gives what it unpacks of an oci-archive to the archive's owner, which only root may.
    const skip = noSkopeo || (format === 'oci-archive' && requires('root'));
    it(`saves ${format} so that skopeo reads it`, { skip }, async () => {
      const source = await filled();
      const [record] = source.images.list();
      assert.ok(record);
      const path = join(directory, `skopeo-${format}`);
      await saveToPath(
        { store: source, images: [{ image: record, names: ['quay.io/a/one:1'] }], format },
        path,
      );
      const transport = TRANSPORTS[format];
      const name = format === 'oci-dir' ? ':quay.io/a/one:1' : '';
      const copy = join(directory, `copy-${format}`);
      program('skopeo', '--insecure-policy', 'copy', `${transport}:${path}${name}`, `dir:${copy}`);
      const store = memoryStore();
      const [loaded] = await load(store, copy);
      assert.equal(loaded?.image.id, id);
      assert.deepEqual(tars(store, loaded?.image.topLayerId), image.tars);
    });

    it(`loads the ${format} that skopeo writes`, { skip: noSkopeo }, async () => {
      const path = join(directory, `by-skopeo-${format}`);
      const input = file('skopeo-input.tar', dockerArchive(image, ['docker.io/library/sk:1']));
      // A docker archive keeps the configuration; skopeo converts the rest to OCI.
      const name = format === 'docker-dir' ? '' : ':localhost/by/skopeo:7';
      program(
        'skopeo',
        '--insecure-policy',
        'copy',
        `docker-archive:${input}`,
        `${TRANSPORTS[format]}:${path}${name}`,
      );
      const store = memoryStore();
      const [loaded] = await load(store, path);
      assert.deepEqual(tars(store, loaded?.image.topLayerId), image.tars);
      assert.deepEqual(loaded?.names, format === 'docker-dir' ? [] : ['localhost/by/skopeo:7']);
    });
  }

  it('exchanges archives of several images with podman', { skip: requires('root', 'podman') }, async () => {
    const podman = (...args: string[]) =>
      program(
        'podman',
        '--root',
        join(directory, 'podman'),
        '--runroot',
        join(directory, 'run'),
        '--storage-driver',
        'vfs',
        ...args,
      );
    try {
      const source = await filled();
      const second = buildImage({ docker: true, layers: [[{ name: 'second', content: '2' }]] });
      await load(source, file('second.tar', dockerArchive(second, ['localhost/second:2'])));
      const images = source.images.list().map((one) => ({ image: one, names: one.names }));
      const path = join(directory, 'for-podman.tar');
      await saveToPath({ store: source, images, format: 'docker-archive' }, path);
      podman('load', '-i', path);
      assert.equal(podman('image', 'inspect', '--format', '{{.Id}}', 'quay.io/a/one:1').trim(), id);
      assert.equal(
        podman('image', 'inspect', '--format', '{{.Id}}', 'docker.io/library/busybox:2').trim(),
        id,
      );
      const back = join(directory, 'from-podman.tar');
      podman('save', '-m', '-o', back, 'quay.io/a/one:1', 'localhost/second:2');
      const store = memoryStore();
      const loaded = await load(store, back);
      assert.deepEqual(
        loaded.map((one) => [one.image.id, one.names]),
        [
          [id, ['quay.io/a/one:1']],
          [hexOf(second.config.digest), ['localhost/second:2']],
        ],
      );
      assert.deepEqual(tars(store, loaded[0]?.image.topLayerId), image.tars);
      const oci = join(directory, 'from-podman-oci.tar');
      podman('save', '--format', 'oci-archive', '-o', oci, 'quay.io/a/one:1');
      const [fromOci] = await load(memoryStore(), oci);
      assert.deepEqual(fromOci?.names, ['quay.io/a/one:1']);
    } finally {
      spawnSync('podman', [
        '--root',
        join(directory, 'podman'),
        '--runroot',
        join(directory, 'run'),
        '--storage-driver',
        'vfs',
        'rmi',
        '-af',
      ]);
    }
  });

  it('makes an image of a plain or compressed root file system', async () => {
    const tar = buildTar([{ name: 'bin/' }, { name: 'bin/sh', content: '#!', mode: 0o755 }]);
    mkdirSync(join(directory, 'import'), { recursive: true });
    for (const bytes of [tar, gzipSync(tar)]) {
      const store = memoryStore();
      const context = { store, leaseDirectory: join(directory, 'locks'), temporary: join(directory, 'tmp') };
      const record = await importTar(context, Readable.from([bytes]), {
        names: ['localhost/rootfs:latest'],
        run: { Cmd: ['/bin/sh'] },
        created: '2024-01-01T00:00:00Z',
      });
      assert.deepEqual(record.names, ['localhost/rootfs:latest']);
      assert.deepEqual(record.config.diffIds, [sha256Of(tar)]);
      assert.deepEqual(record.config.config.cmd, ['/bin/sh']);
      assert.deepEqual(tars(store, record.topLayerId), [tar]);
    }
  });
});

const TRANSPORTS: Record<SaveFormat, string> = {
  'docker-archive': 'docker-archive',
  'docker-dir': 'dir',
  'oci-archive': 'oci-archive',
  'oci-dir': 'oci',
};

function archiveEntries(one: FixtureImage, prefix: string): FixtureEntry[] {
  return [
    { name: `${prefix}.json`, content: one.config.bytes },
    ...one.tars.map((content, i) => ({ name: `${prefix}-${i}.tar`, content })),
  ];
}

function row(one: FixtureImage, prefix: string, names: readonly string[] | null) {
  return { Config: `${prefix}.json`, RepoTags: names, Layers: one.tars.map((_, i) => `${prefix}-${i}.tar`) };
}

function dockerArchive(one: FixtureImage, names: readonly string[]): Buffer {
  return buildTar([
    ...archiveEntries(one, 'image'),
    { name: 'manifest.json', content: JSON.stringify([row(one, 'image', names)]) },
  ]);
}
