import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName, startSleeper } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

describe('rename', () => {
  it('gives a running container another name, and frees the old one', async () => {
    const old = await startSleeper();
    const name = freshName('renamed');
    const id = await tspodOk(['ps', '-q', '--filter', `name=${old}`]);
    await tspodOk(['rename', old, name]);
    assert.equal(await exists(old), false);
    assert.equal(await tspodOk(['ps', '-q', '--filter', `name=${name}`]), id);
    assert.equal(await tspodOk(['exec', name, 'echo', 'reached']), 'reached');
    const second = await startSleeper(['--name', old]);
    assert.equal(second, old);
  });

  it('refuses a name that is taken, and says by whom', async () => {
    const [one, two] = [await startSleeper(), await startSleeper()];
    const id = await tspodOk(['ps', '-q', '--filter', `name=${two}`]);
    const result = await tspod(['rename', one, two]);
    assert.equal(result.code, 125);
    assert.match(result.stderr, new RegExp(two));
    assert.match(result.stderr, new RegExp(id));
    assert.equal(await exists(one), true);
  });

  it('refuses names that are none, and what is not there', async () => {
    const name = await startSleeper();
    const bad = await tspod(['rename', name, 'a/b']);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /a\/b/);
    assert.equal((await tspod(['rename', 'nobody', 'x'])).code, 125);
    assert.equal((await tspod(['rename', name])).code, 125);
  });
});
