import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';
import { runProgram } from '../fixtures/harness.ts';
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
