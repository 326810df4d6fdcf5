import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName, statusOf } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

describe('create', () => {
  it('prints the id of a container that does not run, and start runs it with everything that was asked for', async () => {
    const name = freshName();
    const flags = ['-e', 'A=1', '-w', '/tmp', '-u', '5:6', '-h', 'box', '--tmpfs', '/t', '--cap-drop', 'ALL'];
    const script =
      'echo $A; pwd; id -u; id -g; hostname; grep -c " /t " /proc/mounts; grep CapBnd /proc/self/status';
    const id = await tspodOk([
      'create',
      '--name',
      name,
      '--network',
      'none',
      ...flags,
      await busyboxImage(),
      'sh',
      '-c',
      script,
    ]);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(await statusOf(name), 'Created');
    assert.equal(await tspodOk(['start', '-a', id]), '1\n/tmp\n5\n6\nbox\n1\nCapBnd:\t0000000000000000');
  });

  it('makes many at the same time, each with a name of its own', async () => {
    const image = await busyboxImage();
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => tspodOk(['create', '--network', 'none', image, 'true'])),
    );
    assert.equal(new Set(ids).size, 10);
  });

  it('gives a name to one of those who want it at the same time', async () => {
    const image = await busyboxImage();
    const name = freshName();
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => tspod(['create', '--name', name, '--network', 'none', image, 'true'])),
    );
    assert.deepEqual(results.map(({ code }) => code).sort(), [0, 125, 125, 125]);
  });

  it('leaves nothing behind when it is refused', async () => {
    const image = await busyboxImage();
    const before = await tspodOk(['ps', '-aq']);
    const name = freshName();
    for (const flags of [
      ['--cap-add', 'FLYING'],
      ['-v', 'a:b'],
      ['--network', 'container:nobody'],
    ]) {
      assert.equal((await tspod(['create', '--name', name, ...flags, image, 'true'])).code, 125);
    }
    assert.equal(await exists(name), false);
    assert.equal(await tspodOk(['ps', '-aq']), before);
  });

  it('of a --rm container runs once', async () => {
    const name = freshName();
    await tspodOk([
      'create',
      '--rm',
      '--name',
      name,
      '--network',
      'none',
      await busyboxImage(),
      'echo',
      'once',
    ]);
    assert.equal(await tspodOk(['start', '-a', name]), 'once');
    assert.equal(await exists(name), false);
  });

  it('wants an image and a command that there are', async () => {
    assert.equal((await tspod(['create'])).code, 125);
    const missing = await tspod(['create', '--pull=never', 'localhost/none:1', 'true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /localhost\/none:1/);
  });
});
