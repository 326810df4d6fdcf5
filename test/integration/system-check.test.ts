import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';
import { runProgram } from '../fixtures/harness.ts';
import { buildImage, pushImage } from '../fixtures/images.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(() => busyboxImage());

async function check(...flags: string[]): Promise<{ code: number; lines: string[]; stderr: string }> {
  const { code, stdout, stderr } = await tspod(['system', 'check', ...flags]);
  return { code, lines: stdout.split('\n').filter(Boolean), stderr };
}

async function isClean(): Promise<void> {
  const { code, lines, stderr } = await check();
  assert.deepEqual([code, lines, stderr], [0, [], '']);
}

describe('system check', () => {
  test('finds nothing in a store in use, quick or not', async () => {
    await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'up',
      '-v',
      'stock:/data',
      BUSYBOX,
      'sleep',
      '3600',
    ]);
    await tspodOk(['create', '--network', 'none', '--name', 'fresh', BUSYBOX, 'true']);
    await isClean();
    assert.equal((await check('--quick')).code, 0);
    await tspodOk(['rm', '-f', '-t', '0', 'up', 'fresh']);
    await isClean();
  });

  test('finds directories that belong to nothing, and removes them with --repair', async () => {
    const { graphRoot } = testRoot();
    await tspodOk(['run', '--rm', '--network', 'none', BUSYBOX, 'true']);
    const orphan = join(graphRoot, 'layers', 'f'.repeat(24));
    mkdirSync(join(orphan, 'diff'), { recursive: true });
    const found = await check();
    assert.equal(found.code, 125);
    assert.deepEqual(found.lines, [`Damaged file ${orphan}: belongs to no layer`]);
    assert.match(found.stderr, /^Error: damage detected in local storage\n.*--repair/);
    assert.ok(existsSync(orphan));
    const repaired = await check('--repair');
    assert.deepEqual([repaired.code, repaired.lines], [0, [`Repaired file ${orphan}: belongs to no layer`]]);
    assert.equal(existsSync(orphan), false);
    await isClean();
  });

  test('a container whose files are gone goes only with --force', async () => {
    const id = await tspodOk(['create', '--network', 'none', '--name', 'hollow', BUSYBOX, 'true']);
    rmSync(join(testRoot().graphRoot, 'containers', id), { recursive: true, force: true });
    const found = await check('--repair');
    assert.equal(found.code, 125);
    assert.match(found.stderr, /damage in local storage still present after repair attempt/);
    assert.match(found.lines[0] ?? '', /^Damaged container hollow: its files are missing/);
    assert.equal((await tspod(['container', 'exists', 'hollow'])).code, 0);
    assert.equal((await check('--repair', '--force')).code, 0);
    assert.equal((await tspod(['container', 'exists', 'hollow'])).code, 1);
    await isClean();
  });

  test('a lost layer is named with its image', async () => {
    const layers = join(testRoot().graphRoot, 'layers');
    const [layer = ''] = readdirSync(layers);
    const diff = join(layers, layer, 'diff');
    renameSync(diff, `${diff}.away`);
    const { code, lines } = await check();
    assert.equal(code, 125);
    assert.ok(
      lines.some((line) => line.startsWith(`Damaged layer ${layer}: its directory is missing`)),
      lines.join('\n'),
    );
    renameSync(`${diff}.away`, diff);
    await isClean();
  });

  test('layers that nothing refers to count after a while', async () => {
    await tspodOk(['rmi', BUSYBOX]);
    await isClean();
    await busyboxImage();
    assert.equal((await check('--max', '0s')).code, 0);
  });

  test('networks and mounts of a killed container are given back', { skip: requires('root') }, async () => {
    const id = await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'killed',
      BUSYBOX,
      'sleep',
      '3600',
    ]);
    await tspodOk(['kill', 'killed']);
    await waitFor('the clean-up', () => !existsSync(join(testRoot().runRoot, 'containers', id)));
    const merged = join(testRoot().graphRoot, 'containers', id, 'merged');
    mkdirSync(merged, { recursive: true });
    await runProgram('mount', ['-t', 'tmpfs', 'tmpfs', merged]);
    const { code, lines } = await check();
    assert.deepEqual([code, lines], [125, ['Damaged container killed: is mounted though it does not run']]);
    assert.equal((await check('--repair')).code, 0);
    await isClean();
    await tspodOk(['rm', 'killed']);
  });

  test('a process without a container is named, and ended with --force', {
    skip: isRoot() ? false : 'needs root',
  }, async () => {
    const id = await tspodOk(['run', '-d', '--network', 'none', '--name', 'ghost', BUSYBOX, 'sleep', '3600']);
    const { default: BetterSqlite3 } = await import('better-sqlite3');
    const db = new BetterSqlite3(join(testRoot().graphRoot, 'state.db'));
    db.prepare('DELETE FROM containers WHERE id = ?').run(id);
    db.close();
    const { lines } = await check('--repair');
    assert.ok(
      lines.some((line) => line.startsWith(`Damaged container ${id}: runs as process `)),
      lines.join('\n'),
    );
    assert.ok(existsSync(join(testRoot().graphRoot, 'containers', id)), 'its files were taken away');
    assert.equal((await check('--repair', '--force')).code, 0);
    await isClean();
  });
});

test('a leftover temporary directory of a dead process is found', async () => {
  const stale = join(testRoot().graphRoot, 'tmp', 'layer-999999999-1-0');
  mkdirSync(stale, { recursive: true });
  writeFileSync(join(stale, 'part'), 'x');
  const { lines } = await check('--repair');
  assert.deepEqual(lines, [`Repaired file ${stale}: its owner has ended`]);
  assert.equal(existsSync(stale), false);
});

describe('a layer whose files somebody has changed', { skip: requires('docker-registry') }, () => {
  const image = buildImage({
    layers: [
      [{ name: 'first', content: 'first' }],
      [
        { name: 'd/', mode: 0o755 },
        { name: 'd/empty', content: '' },
        { name: 'd/second', content: 'second' },
        { name: 'd/link', link: 'second' },
      ],
      [{ name: 'third', content: 'third' }],
    ],
  });
  const SPOIL: readonly [string, (diff: string) => void, RegExp][] = [
    [
      'content',
      (diff) => writeFileSync(join(diff, 'd/second'), 'SECOND'),
      /content no longer has the digest/,
    ],
    ['an empty file', (diff) => rmSync(join(diff, 'd/empty')), /"d\/empty" is missing/],
    ['a link', (diff) => renameSync(join(diff, 'd/second'), join(diff, 'd/link')), /"d\/second" is missing/],
    ['a mode', (diff) => chmodSync(join(diff, 'd'), 0o700), /"d" has another mode/],
    ['all of it', (diff) => renameSync(diff, `${diff}.away`), /directory is missing/],
  ];

  test('is found, and it alone is fetched again from the registry of its image', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tspod-check-registry-'));
    const registry = await startRegistry({ directory });
    const name = `${registry.host}/damaged:1`;
    const env = { CONTAINERS_REGISTRIES_CONF: join(testRoot().base, 'registries.conf') };
    writeFileSync(
      env.CONTAINERS_REGISTRIES_CONF,
      `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
    );
    const repair = () => tspod(['system', 'check', '--repair'], { env });
    await pushImage(registry.url, 'damaged', { image, tag: '1' });
    await tspodOk(['pull', '-q', name], { env });
    await tspodOk(['create', '--name', 'on-it', '--network', 'none', name, 'x']);
    // Fetching any other would fail.
    for (const one of [image.layers[0], image.layers[2]]) {
      const hex = one?.digest.slice('sha256:'.length) ?? '';
      rmSync(join(directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex), { recursive: true });
    }
    const layers = (
      await tspodOk(['image', 'inspect', '--format', '{{.GraphDriver.Data.LowerDir}}', name])
    ).split(':');
    const diff = layers[0] ?? '';
    for (const [what, spoil, says] of SPOIL) {
      spoil(diff);
      const found = await check();
      assert.equal(found.code, 125, what);
      assert.match(found.lines.join('\n'), says);
      const repaired = await repair();
      assert.equal(repaired.code, 0, `${what}: ${repaired.stdout}${repaired.stderr}`);
      await isClean();
      assert.equal(await tspodOk(['cp', 'on-it:/d/second', '-']).then((tar) => tar.includes('second')), true);
    }
    await registry.stop();
    writeFileSync(join(diff, 'd/second'), 'SECOND');
    const failed = await repair();
    assert.equal(failed.code, 125);
    assert.match(
      failed.stdout,
      /^Damaged image \w+: a layer of it is damaged: .*127\.0\.0\.1:\d+: connection refused/m,
    );
    // What there is of it is still the container's.
    assert.match(await tspodOk(['cp', 'on-it:/d/second', '-']), /SECOND/);
    await tspodOk(['rm', 'on-it']);
    await tspodOk(['rmi', name]);
    rmSync(directory, { recursive: true });
    await isClean();
  });
});
