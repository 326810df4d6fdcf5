import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod } from '../fixtures/harness.ts';

/** Where it works: test/vm/quotas.test.ts. */
const canLimit = /\bp(rj)?quota\b/.test(readFileSync('/proc/self/mounts', 'utf8'));
const isUser = process.env['TSPOD_TEST_AS'] === 'rootless';

test('create --storage-opt says what the host lacks for it', {
  skip: canLimit ? 'quotas work here' : false,
}, async () => {
  const image = await busyboxImage();
  const { code, stderr } = await tspod(['run', '--rm', '--storage-opt', 'size=10m', image, 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /the size of a container cannot be limited: /);
  assert.match(stderr, isUser ? /project quotas are root's/ : /is on \w+|storage driver vfs/);
  const general = await tspod(['--storage-opt', 'overlay.size=10m', 'create', '--name', 'never', image]);
  assert.match(general.stderr, /the size of a container cannot be limited: /);
  assert.equal((await tspod(['container', 'exists', 'never'])).code, 1);
});

test('create --storage-opt takes size and inodes', async () => {
  const image = await busyboxImage();
  const told = async (...words: string[]): Promise<string> => {
    const { code, stderr } = await tspod(['create', ...words]);
    assert.equal(code, 125);
    return stderr;
  };
  assert.match(
    await told('--storage-opt', 'colour=red', image),
    /unknown --storage-opt colour=red: there are size and/,
  );
  assert.match(await told('--storage-opt', 'size=much', image), /invalid size: 'much'/);
  assert.match(await told('--storage-opt', 'inodes=-1', image), /must be a number/);
  assert.match(await told('--storage-opt', 'size=1g', '--rootfs', '/', 'true'), /does not go with --rootfs/);
});

test('a size of 0 is no limit', async () => {
  const { code, stderr } = await tspod([
    'run',
    '--rm',
    '--storage-opt',
    'size=0',
    await busyboxImage(),
    'true',
  ]);
  assert.equal(code, 0, stderr);
});
