import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { launch, makePrefix, told, writeProgram } from '../fixtures/launcher-user.ts';
import { runProgram } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

const skip = requires('root');

describe('the launcher, as root', { skip }, () => {
  const prefix = makePrefix();
  const bare = makePrefix(false);
  after(() => {
    for (const { directory } of [prefix, bare]) rmSync(directory, { recursive: true });
  });

  test('hands arguments, exit code and namespaces on unchanged', async () => {
    const result = await launch(prefix, undefined, ['run', '--name=a b', '', '--', '-x']);
    assert.equal(result.code, 7);
    assert.deepEqual(
      result.stdout.split('\n').filter((line) => line.startsWith('argument=')),
      ['argument=run', 'argument=--name=a b', 'argument=', 'argument=--', 'argument=-x'],
    );
    assert.equal(told(result)['main'], join(prefix.directory, 'lib/tspod/main.js'));
    assert.equal(told(result)['user'], readlinkSync('/proc/self/ns/user'));
    assert.equal(told(result)['mnt'], readlinkSync('/proc/self/ns/mnt'));
  });

  test('finds its installation through a symlink and passes on the name that was typed', async () => {
    symlinkSync(prefix.tspod, join(prefix.path, 'docker'));
    const result = await launch({ ...prefix, tspod: join(prefix.path, 'docker') }, undefined, ['ps']);
    assert.equal(told(result)['TSPOD_ARGV0'], 'docker');
    assert.equal(told(result)['main'], join(prefix.directory, 'lib/tspod/main.js'));
  });

  test("keeps the user's NODE_OPTIONS away from its own node, but not from the program", async () => {
    const result = await launch(prefix, undefined, [], { env: { NODE_OPTIONS: '--bogus' } });
    assert.equal(told(result)['NODE_OPTIONS'], undefined);
    assert.equal(told(result)['TSPOD_SAVED_NODE_OPTIONS'], '--bogus');
  });

  test('runs the quick program where there is one, but for what is the whole one’s', async () => {
    const both = makePrefix();
    try {
      writeProgram(join(both.directory, 'lib/tspod/tspod-quick'), '#!/bin/sh\necho "quick $@"\n');
      assert.equal((await launch(both, undefined, ['ps', '-a'])).stdout, 'quick ps -a\n');
      for (const [words, env] of [
        [['system', 'service'], {}],
        [['run', '--preserve-fds=1', 'x'], {}],
        [['ps'], { _TSPOD_WHOLE: '1' }],
        [['ps'], { TSPOD_NODE: join(both.directory, 'lib/tspod/node') }],
      ] as const) {
        const { code, stdout } = await launch(both, undefined, [...words], { env });
        assert.equal(code, 7, stdout);
        assert.doesNotMatch(stdout, /_TSPOD_WHOLE/);
      }
      // Nothing that this kernel can run.
      writeProgram(join(both.directory, 'lib/tspod/tspod-quick'), '\x7fELF');
      assert.equal((await launch(both, undefined, ['ps'])).code, 7);
    } finally {
      rmSync(both.directory, { recursive: true });
    }
  });

  test('leaves to Node what the quick program would not do like it, and says which limit leaves no room', async () => {
    const both = makePrefix();
    try {
      writeProgram(join(both.directory, 'lib/tspod/tspod-quick'), '#!/bin/sh\necho "quick $@"\n');
      const zone = (TZ: string) => launch(both, undefined, ['ps'], { env: { TZ } });
      for (const name of ['', 'UTC', 'Etc/GMT+5'])
        assert.equal((await zone(name)).stdout, 'quick ps\n', name);
      for (const rule of ['GMT+3', '<+03>-3', '/usr/share/zoneinfo/Etc/UTC'])
        assert.equal((await zone(rule)).code, 7, rule);
      const limited = (limit: string) =>
        runProgram('sh', ['-c', `ulimit -S ${limit} && exec "$0" ps`, both.tspod]);
      assert.equal((await limited('-s 128')).code, 7);
      for (const [limit, word] of [
        ['-v 300000', /address space \(ulimit -v\)/],
        ['-d 200000', /data \(ulimit -d\)/],
      ] as const) {
        const { code, stderr } = await limited(limit);
        assert.equal(code, 125);
        assert.match(stderr, word);
      }
    } finally {
      rmSync(both.directory, { recursive: true });
    }
  });

  test('forgets what a rootless tspod outside told', async () => {
    const env = { _TSPOD_ROOTLESS_UID: '1000', _TSPOD_RUNTIME_DIR: '/nowhere', _TSPOD_ROOTLESS_MAPS: 'full' };
    const result = await launch(prefix, undefined, [], { env });
    assert.doesNotMatch(result.stdout, /_TSPOD_/);
  });

  test('runs the node that TSPOD_NODE names, and says so when it cannot', async () => {
    writeProgram(join(bare.directory, 'mine'), '#!/bin/sh\necho mine "$@"\n');
    const found = await launch(bare, undefined, ['ps'], {
      env: { TSPOD_NODE: join(bare.directory, 'mine') },
    });
    assert.match(found.stdout, /^mine .*lib\/tspod\/main\.js ps$/m);
    const missing = await launch(bare, undefined, ['ps'], { env: { TSPOD_NODE: '/nowhere/node' } });
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /^Error: run \/nowhere\/node: No such file/);
  });

  test('takes the first node on PATH that is new enough, and fails clearly when there is none', async () => {
    const old = join(bare.directory, 'old');
    const fresh = join(bare.directory, 'fresh');
    for (const directory of [old, fresh]) mkdirSync(directory);
    writeProgram(join(old, 'node'), '#!/bin/sh\necho v20.11.0\n');
    writeProgram(join(fresh, 'node'));
    const both = await launch(bare, undefined, ['ps'], { env: { PATH: `${old}:${fresh}:/usr/bin:/bin` } });
    assert.equal(both.code, 7, both.stderr);
    const none = await launch(bare, undefined, ['ps'], { env: { PATH: old } });
    assert.equal(none.code, 125);
    assert.match(none.stderr, /^Error: no Node\.js 24 or newer found/);
  });

  test('says what is missing when the program was not built', async () => {
    rmSync(join(bare.directory, 'lib/tspod/main.js'));
    const result = await launch(bare, undefined, ['ps']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /^Error: the program is missing: .*npm run build/);
  });
});
