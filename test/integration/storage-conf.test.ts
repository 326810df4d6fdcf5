import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';

test('storage.conf chooses places and driver', async () => {
  const { base } = testRoot();
  const file = join(base, 'storage.conf');
  writeFileSync(file, `[storage]\ndriver = "vfs"\ngraphroot = "${base}/g"\nrunroot = "${base}/r"\n`);
  const env = testEnvironment({ env: { CONTAINERS_STORAGE_CONF: file } });
  const format = '{{.Store.GraphDriverName}} {{.Store.GraphRoot}} {{.Store.RunRoot}} {{.Store.ConfigFile}}';
  const result = await runProgram(TSPOD, ['info', '--format', format], { env });
  assert.equal(result.stdout, `vfs ${base}/g/tspod ${base}/r/tspod ${file}\n`, result.stderr);
  assert.ok(existsSync(join(base, 'g/tspod/driver')));
});

describe('an additional image store', () => {
  const owner = makeTestRoot();
  const used = ['--storage-opt', `additionalimagestore=${owner.graphRoot}`];
  const listing = () =>
    runProgram('find', [owner.graphRoot, '-printf', '%p %m %s %T@ %C@\n']).then(({ stdout }) => stdout);
  before(() => busyboxImage(owner));

  test('lends its images to several others at once, and is not touched', async () => {
    const before = await listing();
    const others = [1, 2, 3, 4].map(() => makeTestRoot());
    const run = ['run', '--rm', '--network', 'none', 'busybox', 'echo', 'lent'];
    for (const said of await Promise.all(others.map((root) => tspodOk([...used, ...run], { root }))))
      assert.equal(said, 'lent');
    const [root] = others;
    assert.ok(root);
    assert.equal(
      await tspodOk([...used, 'images', '--format', '{{.Repository}} {{.ReadOnly}}'], { root }),
      'localhost/busybox true',
    );
    assert.equal(await tspodOk([...used, 'images', '-q', '--filter', 'readonly=false'], { root }), '');
    assert.equal(await tspodOk([...used, 'system', 'df', '--format', '{{.Size}}'], { root }), '0B\n0B\n0B');
    for (const what of [
      ['rmi', 'busybox'],
      ['untag', 'busybox'],
    ]) {
      const { code, stderr } = await tspod([...used, ...what], { root });
      assert.equal(code, 125);
      assert.match(
        stderr,
        /cannot (remove|untag) read-only image "\w+": it is in \S+\nits owner can, with --root/,
      );
    }
    await tspodOk([...used, 'image', 'prune', '-af'], { root });
    // A build on top of it keeps only its own layer here.
    await tspodOk([...used, 'build', '-q', '-t', 'own', '-'], {
      root,
      input: 'FROM busybox\nRUN echo 1 >/one\n',
    });
    assert.equal(
      await tspodOk([...used, 'run', '--rm', '--network', 'none', 'own', 'cat', '/one'], { root }),
      '1',
    );
    await tspodOk([...used, 'system', 'check'], { root });
    await tspodOk([...used, 'rmi', 'own'], { root });
    assert.equal(await listing(), before);
  });

  test('is followed when it changes, and forgotten when it is no longer named', async () => {
    const root = makeTestRoot();
    const images = () => tspodOk([...used, 'images', '--format', '{{.Repository}}'], { root });
    assert.equal(await images(), 'localhost/busybox');
    await tspodOk(['tag', 'busybox', 'second'], { root: owner });
    assert.deepEqual((await images()).split('\n').sort(), ['localhost/busybox', 'localhost/second']);
    await tspodOk([...used, 'tag', 'second', 'mine'], { root });
    assert.equal(
      await tspodOk(['images', '--format', '{{.Repository}}'], { root }).then((text) =>
        text.includes('mine'),
      ),
      true,
    );
    await tspodOk(['rmi', 'mine', 'second', 'busybox'], { root });
    await tspodOk(['untag', 'second', 'second'], { root: owner });
    assert.equal(await tspodOk(['images', '-q'], { root }), '');
    assert.deepEqual(readdirSync(join(root.graphRoot, 'layers')), []);
  });

  test('may be named in storage.conf; podman’s are passed over, and a wrong one on the command line is an error', async () => {
    const { base } = testRoot();
    const file = join(base, 'storage.conf');
    const stores = `additionalimagestores = [\n  "/usr/lib/containers/storage", # podman's\n  "${owner.graphRoot}",\n]`;
    writeFileSync(
      file,
      `[storage]\ngraphroot = "${base}/g2"\nrunroot = "${base}/r2"\n[storage.options]\n${stores}\n`,
    );
    const env = testEnvironment({ env: { CONTAINERS_STORAGE_CONF: file } });
    const result = await runProgram(TSPOD, ['images', '--format', '{{.Repository}}'], { env });
    assert.equal(result.stdout, 'localhost/busybox\n', result.stderr);
    const wrong = await tspod(['--storage-opt', `.imagestore=${base}`, 'images']);
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /additional image store \S+ is no store of tspod\nfill one with/);
  });
});
