import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { SQUASHING } from '../../src/storage/additional-stores.ts';
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
import { launchWords, makeUser } from '../fixtures/launcher-user.ts';
import { requires } from '../fixtures/requires.ts';

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

  const skip =
    requires('root', 'fuse') || (existsSync('/usr/bin/fuse-overlayfs') ? false : 'no fuse-overlayfs');
  test('of root’s lends to several users at once, who cannot write there', { skip }, async (context) => {
    const root = makeTestRoot();
    await busyboxImage(root);
    await tspodOk(['build', '-q', '-t', 'secret', '-'], {
      root,
      input: 'FROM busybox\nRUN rm /etc/passwd; echo 1 | tee /one >/own; chown 7:7 /one; chmod 600 /own\n',
    });
    for (const path of [root.base, root.graphRoot, join(root.graphRoot, 'layers')]) chmodSync(path, 0o755);
    for (const name of ['state.db', 'state.db-wal', 'driver']) chmodSync(join(root.graphRoot, name), 0o644);
    const users = ['a', 'b'].map((end) =>
      makeUser(`tspodlent${process.pid}${end}`, { subordinateIds: true }),
    );
    try {
      const homes = users.map((user) => user.makeRuntimeDir());
      const asUser = (at: number, args: string[]) => {
        const home = homes[at] ?? '';
        const words = [
          ...launchWords(users[at]),
          TSPOD,
          '--root',
          `${home}/root`,
          '--runroot',
          `${home}/run`,
        ];
        const given = [...words.slice(1), '--storage-opt', `additionalimagestore=${root.graphRoot}`, ...args];
        const env = { HOME: home, XDG_RUNTIME_DIR: home, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
        return runProgram(words[0] ?? '', given, { env, cwd: '/' });
      };
      const first = await asUser(0, ['images', '--format', '{{.Repository}}']);
      if (/EACCES|Permission denied/.test(first.stderr))
        return context.skip('this checkout is for root alone');
      assert.deepEqual(first.stdout.trim().split('\n').sort(), ['localhost/busybox', 'localhost/secret']);
      const run = ['run', '--rm', '--network', 'none', 'secret', 'sh', '-c'];
      const refused = await asUser(0, [...run, 'true']);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, /the image lies in \S+, which belongs to another user\n.*squash_to_root/);
      const squash = SQUASHING.flatMap((word) => ['--storage-opt', word]);
      const script = 'cat /one; ls /etc/passwd; cat /own; echo mine >/etc/new && rm /bin/false && id -u';
      const outputs = await Promise.all(
        [0, 1, 0, 1].map((at) => asUser(at, [...squash, ...run, script]).then((done) => [at, done] as const)),
      );
      for (const [, { code, stdout, stderr }] of outputs) {
        assert.equal(code, 0, stderr);
        assert.equal(stdout, '1\n0\n');
        assert.match(stderr, /\/etc\/passwd: No such file.*\n.*\/own'?: Permission denied/);
      }
      assert.equal(
        await tspodOk(['run', '--rm', '--network', 'none', 'secret', 'ls', '/bin/false'], { root }),
        '/bin/false',
      );
    } finally {
      for (const user of users) user.remove();
    }
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
