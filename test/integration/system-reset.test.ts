import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeTestRoot, type TestRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { processesOf } from '../fixtures/harness-leaks.ts';

async function usedRoot(): Promise<TestRoot> {
  const root = makeTestRoot();
  await busyboxImage(root);
  await tspodOk(['run', '-d', '--network', 'none', '-v', 'stock:/data', BUSYBOX, 'sleep', '3600'], { root });
  await tspodOk(['create', '--network', 'none', BUSYBOX, 'true'], { root });
  return root;
}

function leftIn(root: TestRoot): string[] {
  return [root.graphRoot, root.runRoot].flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
}

describe('system reset', () => {
  test('asks first, and does nothing without a yes', async () => {
    const root = await usedRoot();
    const no = await tspod(['system', 'reset'], { root, input: 'n\n' });
    assert.equal(no.code, 0);
    assert.match(no.stdout, /^WARNING! This will remove:\n {8}- all containers\n/);
    assert.ok(no.stdout.includes(`the graphRoot directory: "${root.graphRoot}"`));
    const nobody = await tspod(['system', 'reset'], { root, input: '' });
    assert.equal(nobody.code, 125);
    assert.equal((await tspodOk(['ps', '-q'], { root })).length, 12);
  });

  test('ends containers and leaves neither files nor mounts nor processes', async () => {
    const root = await usedRoot();
    const yes = await tspod(['system', 'reset'], { root, input: 'y\n' });
    assert.deepEqual([yes.code, yes.stderr], [0, '']);
    assert.deepEqual(leftIn(root), []);
    assert.deepEqual(processesOf(root), []);
    assert.match(await tspodOk(['ps', '-a'], { root }), /^CONTAINER ID.*NAMES$/);
    assert.equal(await tspodOk(['volume', 'ls', '-q'], { root }), '');
  });

  test('takes the networks along that were made with it, and leaves those of others', async () => {
    const [root, other] = [makeTestRoot(), makeTestRoot()];
    const shared = join(root.base, 'networks');
    const options = ['--network-config-dir', shared];
    await tspodOk([...options, 'network', 'create', 'own'], { root });
    await tspodOk([...options, 'network', 'create', 'theirs'], { root: other });
    await tspodOk([...options, 'system', 'reset', '--force'], { root });
    const names = ['network', 'ls', '--format', '{{.Name}}'];
    assert.equal(await tspodOk([...options, ...names], { root: other }), 'podman\ntheirs');
  });

  test('what lies behind links stays', async () => {
    const root = await usedRoot();
    const outside = join(root.base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'x');
    symlinkSync(outside, join(root.graphRoot, 'volumes', 'link'));
    symlinkSync(outside, join(root.graphRoot, 'link'));
    await tspodOk(['system', 'reset', '--force'], { root });
    assert.deepEqual(leftIn(root), []);
    assert.deepEqual(readdirSync(outside), ['precious']);
  });

  test('works with a database that cannot be read, and ends its containers too', async () => {
    const root = await usedRoot();
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(join(root.graphRoot, `state.db${suffix}`)))
        truncateSync(join(root.graphRoot, `state.db${suffix}`), 50);
    const { code, stderr } = await tspod(['system', 'reset', '--force'], { root });
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(leftIn(root), []);
    assert.deepEqual(processesOf(root), []);
  });

  test('of nothing is fine', async () => {
    const root = makeTestRoot();
    await tspodOk(['system', 'reset', '--force'], { root });
    assert.deepEqual(leftIn(root), []);
  });
});
