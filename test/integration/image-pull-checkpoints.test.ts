import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BadRegistry, type Faults, startBadRegistry } from '../fixtures/bad-registry.ts';
import { listStore, query } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage, type FixtureEntry } from '../fixtures/images.ts';

/** Everything that a layer may do with its names comes before the file in which the download breaks off. */
const text = randomBytes(3 << 20).toString('hex');
const entries: FixtureEntry[] = [
  { name: 'dir/' },
  ...Array.from({ length: 300 }, (_, i) => ({
    name: `dir/f${i}`,
    content: text.slice(i * 1000, i * 1100 + 9),
  })),
  { name: 'twice', content: text.slice(0, 50_000) },
  { name: 'link', type: 'hardlink', link: 'twice' },
  { name: 'twice', content: text.slice(70_000, 80_000) },
  { name: 'dir/.wh.gone' },
  { name: 'other/' },
  { name: 'other/in', content: text.slice(0, 3000) },
  // In its place comes a file, with all that was in it.
  { name: 'other', type: 'file', content: 'a file now' },
  { name: 'symlink', link: 'dir/f1' },
  { name: 'large', content: text },
  { name: 'last', content: 'the end' },
];
const IMAGES = {
  gzip: buildImage({ layers: [entries] }),
  none: buildImage({ layers: [entries], compression: 'none' }),
};
const { tmp, layers } = {
  tmp: join(testRoot().graphRoot, 'tmp'),
  layers: join(testRoot().graphRoot, 'layers'),
};
const faults: Faults = {};
const registries = {} as Record<keyof typeof IMAGES, BadRegistry>;
let baseline: string[] = [];

before(async () => {
  for (const kind of ['gzip', 'none'] as const)
    registries[kind] = await startBadRegistry(IMAGES[kind], faults);
  writeFileSync(join(testRoot().base, 'auth.json'), '{}');
  await busyboxImage();
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});
after(async () => {
  for (const registry of Object.values(registries)) await registry.stop();
});

const arguments_ = (kind: keyof typeof IMAGES): string[] => [
  ...['pull', '-q', '--retry', '0', '--tls-verify=false'],
  `${registries[kind].host}/some/image:1`,
];
const list = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory).sort() : []);
const partial = (ending = ''): string =>
  join(tmp, list(tmp).find((name) => /^partial-[0-9a-f]{64}$/.test(name)) ?? 'none') + ending;
const unfinished = (): string[] =>
  query(testRoot(), 'SELECT id FROM layers WHERE incomplete = 1 ORDER BY id').map((row) => String(row['id']));
const sizeOf = (kind: keyof typeof IMAGES): number => IMAGES[kind].layers[0]?.bytes.length ?? 0;

async function cut(kind: keyof typeof IMAGES, at: number): Promise<void> {
  Object.assign(faults, { cutBlobs: 1, cutAt: at });
  assert.equal((await tspod(arguments_(kind))).code, 125);
  registries[kind].ranges.length = 0;
}

async function arrives(kind: keyof typeof IMAGES, prune = false): Promise<void> {
  await tspodOk(arguments_(kind));
  // Of layers that no checkpoint names any more nobody knows.
  if (prune) await tspodOk(['image', 'prune', '--force']);
  assert.deepEqual(unfinished(), []);
  assert.deepEqual(list(tmp), []);
  // Reads all of every layer.
  assert.equal(await tspodOk(['system', 'check']), '');
  await tspodOk(['rmi', `${registries[kind].host}/some/image:1`]);
  assert.deepEqual(listStore(testRoot()), baseline);
}

for (const kind of ['gzip', 'none'] as const) {
  test(`a download (${kind}) cut off at nine tenths keeps no more than what the last checkpoint lacks, and goes on there`, async () => {
    await cut(kind, 0.9);
    const size = sizeOf(kind);
    const { blocks } = statSync(partial());
    assert.ok(blocks * 512 < Math.max(size / 5, 3 << 20), `${blocks * 512} of ${size}`);
    assert.equal(unfinished().length, 1);
    await arrives(kind);
    const [range = '', ...others] = registries[kind].ranges;
    assert.deepEqual(others, []);
    // What the kernel had in hand when the connection broke is lost.
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
    assert.ok(from > size * 0.88 && from <= size * 0.9, `${range} of ${size}`);
  });

  test(`a download (${kind}) that is cut off again and again arrives in the end`, async () => {
    for (const at of [0.4, 0.3, 0.5, 0.02]) await cut(kind, at);
    assert.equal(unfinished().length, 1);
    await arrives(kind);
    const from = Number(/^bytes=(\d+)-$/.exec(registries[kind].ranges[0] ?? '')?.[1]);
    assert.ok(from > sizeOf(kind) * 0.7, `${from} of ${sizeOf(kind)}`);
  });
}

test('what an unfinished layer needs stays until a prune', async () => {
  await cut('gzip', 0.9);
  await tspodOk(['tag', 'busybox', 'localhost/another:1']);
  await tspodOk([
    'commit',
    '-q',
    await tspodOk(['create', '--name', 'one', 'busybox']),
    'localhost/committed',
  ]);
  await tspodOk(['rm', 'one']);
  // Collects layers that nothing refers to.
  await tspodOk(['rmi', 'localhost/committed', 'localhost/another:1']);
  assert.equal(await tspodOk(['system', 'check']), '');
  assert.equal(unfinished().length, 1);
  await tspodOk(['image', 'prune', '--force']);
  assert.deepEqual(unfinished(), []);
  assert.deepEqual(listStore(testRoot()), baseline);
});

test('system check --repair takes it away', async () => {
  await cut('gzip', 0.9);
  assert.match(await tspodOk(['system', 'check', '--repair']), /its unpacking was interrupted/);
  assert.deepEqual(listStore(testRoot()), baseline);
});

const DAMAGES: Record<string, () => void> = {
  'a checkpoint that is nonsense': () => writeFileSync(partial('.checkpoint'), '{"version":1}'),
  'a checkpoint of another place': () =>
    change((record) => ({ ...record, packed: Number(record['packed']) + 1 })),
  'a checkpoint with another window': () =>
    change((record) => ({ ...record, mark: Buffer.alloc(20_000, 'x').fill(0, 0, 1).toString('base64') })),
  'a checkpoint with another digest': () =>
    change((record) => ({
      ...record,
      hash: flipped(Buffer.from(String(record['hash']), 'base64')).toString('base64'),
    })),
  'a checkpoint of a layer that is not there': () =>
    change((record) => ({ ...record, parts: [{ layer: 'f'.repeat(24), to: record['unpacked'] }] })),
  'a checkpoint of a finished layer': () =>
    change((record) => ({ ...record, parts: [{ layer: finished(), to: record['unpacked'] }] })),
  'no files of the layer': () => renameSync(join(layers, only(), 'diff'), join(layers, only(), 'away')),
  'no list of the layer': () => rmSync(join(layers, only(), 'tar-split.zst')),
  'a broken list of the layer': () => truncateSync(join(layers, only(), 'tar-split.zst'), 3000),
  'a file that was changed': () => writeFileSync(join(layers, only(), 'diff/dir/f7'), 'y'.repeat(709)),
  'a file that is gone': () => rmSync(join(layers, only(), 'diff/dir/f7')),
  'a file that is a link': () => {
    rmSync(join(layers, only(), 'diff/dir/f7'));
    rmSync(join(layers, only(), 'diff/dir/f8'));
    writeFileSync(join(layers, only(), 'diff/dir/f8'), '');
  },
  'a download that became shorter': () => truncateSync(partial(), 1000),
  'a download that became longer': () => truncateSync(partial(), 1 << 30),
};

for (const [what, damage] of Object.entries(DAMAGES))
  test(`${what} makes the pull begin anew, without an error`, async () => {
    await cut('gzip', 0.9);
    damage();
    await arrives('gzip', /checkpoint|download/.test(what));
    assert.equal(registries.gzip.ranges.at(-1), undefined);
  });

function change(work: (record: Record<string, unknown>) => Record<string, unknown>): void {
  const path = partial('.checkpoint');
  const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify(work(record)));
}

function flipped(bytes: Buffer): Buffer {
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  return bytes;
}

function only(): string {
  const [id = 'none'] = unfinished();
  return id;
}

function finished(): string {
  return String(query(testRoot(), 'SELECT id FROM layers WHERE incomplete = 0')[0]?.['id']);
}
