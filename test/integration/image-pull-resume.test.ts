import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type BadRegistry, type Faults, startBadRegistry } from '../fixtures/bad-registry.ts';
import { listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage } from '../fixtures/images.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const image = buildImage({
  layers: [
    [
      {
        name: 'big',
        content: randomBytes(2 << 20)
          .toString('hex')
          .slice(0, 3 << 20),
      },
    ],
  ],
  compression: 'none',
});
const HALF = Math.floor((image.layers[0]?.bytes.length ?? 0) / 2);
const PARTIALS = join(testRoot().graphRoot, 'tmp');
let baseline: string[] = [];

before(async () => {
  await busyboxImage();
  writeFileSync(join(testRoot().base, 'auth.json'), '{}');
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});

const kept = (): string[] => (existsSync(PARTIALS) ? readdirSync(PARTIALS) : []);
/** Without the checkpoints beside them. */
const partials = (): string[] => kept().filter((name) => /^partial-[0-9a-f]+$/.test(name));
const arguments_ = (registry: BadRegistry): string[] => [
  ...['pull', '-q', '--retry', '0', '--tls-verify=false'],
  `${registry.host}/some/image:1`,
];

/** Half of the layer arrives, then the registry is well again; `check` goes on from there. */
async function interrupted(check: (registry: BadRegistry, faults: Faults) => Promise<void>): Promise<void> {
  const faults: Faults = { cutBlobs: 1000, ignoreRange: true };
  const registry = await startBadRegistry(image, faults);
  try {
    assert.equal((await tspod(arguments_(registry), { timeout: 120_000 })).code, 125);
    assert.equal(partials().length, 1);
    registry.ranges.length = 0;
    Object.assign(faults, { cutBlobs: 0, ignoreRange: false });
    await check(registry, faults);
    await tspod(['rmi', '--ignore', `${registry.host}/some/image:1`]);
    await tspodOk(['container', 'prune', '--force']);
    assert.deepEqual(listStore(testRoot()), baseline);
  } finally {
    await registry.stop();
  }
}

test('the next pull goes on where the last one was cut off, and leaves nothing of it', () =>
  interrupted(async (registry) => {
    await tspodOk(['system', 'check']);
    await tspodOk(arguments_(registry));
    assert.deepEqual(registry.ranges, [`bytes=${HALF}-`]);
    assert.deepEqual(kept(), []);
  }));

test('a pull that was killed is gone on with too', async () => {
  const faults: Faults = { hang: 'blob' };
  const registry = await startBadRegistry(image, faults);
  try {
    const pull = spawnTspod(arguments_(registry));
    await waitFor('half of the layer', () =>
      partials().some((name) => statSync(join(PARTIALS, name)).size >= HALF),
    );
    pull.kill('SIGKILL');
    await pull.exit;
    delete faults.hang;
    await tspodOk(arguments_(registry));
    assert.deepEqual(registry.ranges, [undefined, `bytes=${HALF}-`]);
    await tspodOk(['rmi', `${registry.host}/some/image:1`]);
    assert.deepEqual(listStore(testRoot()), baseline);
  } finally {
    await registry.stop();
  }
});

test('a registry without ranges sends everything again', () =>
  interrupted(async (registry, faults) => {
    faults.ignoreRange = true;
    await tspodOk(arguments_(registry));
    assert.equal(registry.ranges.length, 1);
  }));

test('what was kept and is damaged is fetched again', () =>
  interrupted(async (registry) => {
    const [name = ''] = partials();
    writeFileSync(join(PARTIALS, name), Buffer.alloc(HALF));
    await tspodOk(arguments_(registry));
    assert.deepEqual(registry.ranges, [`bytes=${HALF}-`, undefined]);
    assert.deepEqual(partials(), []);
  }));

test('a prune removes what was kept', () =>
  interrupted(async () => {
    await tspodOk(['image', 'prune', '--force']);
    assert.deepEqual(partials(), []);
  }));
