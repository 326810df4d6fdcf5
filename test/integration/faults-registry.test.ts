import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Faults, startBadRegistry } from '../fixtures/bad-registry.ts';
import { listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage, type ImageShape } from '../fixtures/images.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const image = buildImage({ layers: [[{ name: 'a/' }, { name: 'a/b', content: 'x'.repeat(100_000) }]] });
let baseline: string[] = [];

before(async () => {
  await busyboxImage();
  writeFileSync(join(testRoot().base, 'auth.json'), '{}');
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});

const FAULTS: Record<string, { faults: Faults; says: RegExp }> = {
  'cuts every blob in half': { faults: { cutBlobs: 1000, ignoreRange: true }, says: /layer|blob|connection/ },
  'sends wrong bytes': { faults: { wrongBytes: true }, says: /digest/ },
  'sends more bytes than announced': { faults: { extraBytes: 10 }, says: /size|larger|more|digest/ },
  'sends an empty manifest': { faults: { manifestBody: Buffer.alloc(0) }, says: /manifest/ },
  'sends a manifest that is no JSON': { faults: { manifestBody: Buffer.from('<html>') }, says: /manifest/ },
  'refuses access': {
    faults: { manifestStatuses: Array.from({ length: 20 }, () => 403) },
    says: /403|denied|forbidden/i,
  },
};

for (const [name, { faults, says }] of Object.entries(FAULTS)) {
  test(`pull from a registry that ${name} fails with 125 and keeps nothing`, async () => {
    const registry = await startBadRegistry(image, faults);
    try {
      const result = await tspod(
        ['pull', '-q', '--retry', '1', '--tls-verify=false', `${registry.host}/some/image:1`],
        {
          timeout: 400_000,
        },
      );
      assert.equal(result.code, 125, result.stderr);
      assert.match(result.stderr, says);
      assert.doesNotMatch(result.stderr, /internal error/);
      assert.deepEqual(listStore(testRoot()), baseline);
    } finally {
      await registry.stop();
    }
  });
}

const CONFIGS: Record<string, { shape: Partial<ImageShape>; says: RegExp }> = {
  'a word as its date': { shape: { created: 'yesterday' }, says: /created is not a date/ },
  'a text as its command': { shape: { run: { Cmd: 'sh' } }, says: /config\.Cmd is not a list/ },
};

for (const [name, { shape, says }] of Object.entries(CONFIGS)) {
  test(`pull of an image with ${name} fails with 125, and what was there is listed as before`, async () => {
    const registry = await startBadRegistry(buildImage({ layers: [[{ name: 'a/' }]], ...shape }));
    try {
      const result = await tspod(['pull', '-q', '--tls-verify=false', `${registry.host}/some/image:1`]);
      assert.equal(result.code, 125, result.stderr);
      assert.match(result.stderr, says);
      assert.match(await tspodOk(['images']), /busybox/);
      assert.deepEqual(listStore(testRoot()), baseline);
    } finally {
      await registry.stop();
    }
  });
}

test('a pull that hangs in the middle of a layer holds up nobody, and leaves nothing when it is interrupted', async () => {
  const registry = await startBadRegistry(image, { hang: 'blob' });
  try {
    const pull = spawnTspod(['pull', '-q', '--tls-verify=false', `${registry.host}/some/image:1`]);
    await waitFor('the blob to be asked for', () =>
      registry.requests.some((line) => line.includes('/blobs/')),
    );
    assert.match(await tspodOk(['images']), /busybox/);
    assert.equal(await tspodOk(['run', '--rm', '--network', 'none', 'busybox', 'echo', 'works']), 'works');
    pull.kill('SIGKILL');
    await pull.exit;
    await tspodOk(['container', 'prune', '--force']);
    assert.deepEqual(listStore(testRoot()), baseline);
  } finally {
    await registry.stop();
  }
});

test('a registry that is not there is told at once', async () => {
  const { code, stderr } = await tspod([
    'pull',
    '-q',
    '--retry',
    '1',
    '--tls-verify=false',
    '127.0.0.1:1/some/image:1',
  ]);
  assert.equal(code, 125);
  assert.match(stderr, /127\.0\.0\.1:1: connection refused/);
});
