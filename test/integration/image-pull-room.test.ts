import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { sha256Of } from '../../src/base/ids.ts';
import { MEDIA } from '../../src/oci/image-spec.ts';
import { listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import {
  buildTar,
  type FixtureBlob,
  type FixtureEntry,
  type FixtureImage,
  jsonBlob,
  pushImage,
} from '../fixtures/images.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root', 'docker-registry');
let registry: TestRegistry;
let baseline: string[] = [];
const name = (): string => `${registry.host}/large:1`;
const pull = (): string[] => ['pull', '-q', '--tls-verify=false', name()];

before(async () => {
  if (skip !== false) return;
  registry = await startRegistry();
  const image = await largeImage();
  await pushImage(registry.url, 'large', { image, tag: '1' });
  writeFileSync(join(testRoot().base, 'auth.json'), '{}');
  await busyboxImage();
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});
after(() => registry?.stop());

/** One layer of 320 MB, packed as it is made: all of it at once would be too much to hold. */
async function largeImage(): Promise<FixtureImage> {
  const content = randomBytes(8 << 20).toString('hex');
  const packer = createGzip({ level: 1 });
  const packed = buffer(packer);
  const hash = createHash('sha256');
  const add = async (entries: readonly FixtureEntry[]): Promise<void> => {
    const tar = buildTar(entries).subarray(0, entries.length === 0 ? 1024 : -1024);
    hash.update(tar);
    if (!packer.write(tar)) await once(packer, 'drain');
  };
  const small = Array.from({ length: 1000 }, (_, i) => ({
    name: `f${i}`,
    content: content.slice(i, i + 80_000),
  }));
  await add(small);
  for (let i = 0; i < 15; i++) await add([{ name: `large${i}`, content }]);
  await add([]);
  packer.end();
  const bytes = await packed;
  const layer: FixtureBlob = { mediaType: MEDIA.ociLayerGzip, bytes, digest: sha256Of(bytes) };
  const config = jsonBlob(MEDIA.ociConfig, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
  });
  const describe = (one: FixtureBlob) => ({
    mediaType: one.mediaType,
    digest: one.digest,
    size: one.bytes.length,
  });
  const manifest = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: describe(config),
    layers: [describe(layer)],
  });
  return { manifest, config, layers: [layer], tars: [] };
}

/** Bytes on disk below a directory. */
function used(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).reduce((sum, entry) => {
    const path = join(directory, entry);
    const stat = lstatSync(path);
    return sum + stat.blocks * 512 + (stat.isDirectory() ? used(path) : 0);
  }, 0);
}

/** What the pull has on disk when it is killed at that point: beside the layers, and in all. */
async function killedAt(point: string): Promise<{ beside: number; all: number }> {
  const { signal, stderr } = await tspod(pull(), { env: { TSPOD_CRASH_AT: point } });
  assert.equal(signal, 'SIGKILL', `never came to ${point}: ${stderr}`);
  const { graphRoot } = testRoot();
  const [beside, layers, trash] = ['tmp', 'layers', 'trash'].map((part) => used(join(graphRoot, part)));
  return { beside: (beside ?? 0) + (trash ?? 0), all: (beside ?? 0) + (layers ?? 0) + (trash ?? 0) };
}

test('a pull of 300 MB never takes five percent more room than the image does, also when it goes on after kill -9', {
  skip,
}, async (t) => {
  const { graphRoot } = testRoot();
  const others = used(join(graphRoot, 'layers'));
  await tspodOk(pull());
  const final = used(join(graphRoot, 'layers')) - others;
  assert.ok(final > 300_000_000, `${final}`);
  await tspodOk(['rmi', name()]);
  await tspodOk(['image', 'prune', '--force']);
  const seen: string[] = [];
  // Each point is where what is kept is at its largest; the number is how often it is passed before.
  for (const point of [
    'checkpoint-before-hole:5',
    'checkpoint-before-hole:30',
    // Most of it is there, and half of that a second time.
    'checkpoint-taken:8',
    'checkpoint-replayed:16',
    'checkpoint-replayed:20',
    'layer-before-complete',
  ]) {
    const { beside, all } = await killedAt(point);
    seen.push(
      `${point}: ${Math.round((beside / final) * 1000) / 10} %, ${Math.round((all / final) * 100)} %`,
    );
    if (point !== 'layer-before-complete') assert.ok(beside < final * 0.05, seen.join('\n'));
    assert.ok(all - others < final * 1.05, seen.join('\n'));
  }
  t.diagnostic(seen.join('; '));
  await tspodOk(pull());
  await tspodOk(['rmi', name()]);
  await tspodOk(['image', 'prune', '--force']);
  assert.deepEqual(listStore(testRoot()), baseline);
});
