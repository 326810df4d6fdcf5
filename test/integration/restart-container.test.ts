import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName, startSleeper, statusOf } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

describe('restart', () => {
  it('stops and starts what runs, and keeps its files', async () => {
    const name = await startSleeper();
    await tspodOk(['exec', name, 'sh', '-c', 'echo kept > /tmp/mark; sleep 3600 & true']);
    assert.equal(await tspodOk(['restart', name]), name);
    assert.match(await statusOf(name), /^Up/);
    assert.equal(await tspodOk(['exec', name, 'cat', '/tmp/mark']), 'kept');
    assert.equal((await tspodOk(['exec', name, 'ps'])).match(/root +sleep 3600$/gm)?.length, 1);
  });

  it('starts what has ended or never ran', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'sleep', '3600']);
    await tspodOk(['restart', name]);
    assert.match(await statusOf(name), /^Up/);
    await tspodOk(['stop', '-t', '0', name]);
    await tspodOk(['restart', name]);
    assert.match(await statusOf(name), /^Up/);
    await tspodOk(['restart', '-t', '0', name]);
    assert.match(await statusOf(name), /^Up/);
  });

  it('keeps a --rm container', async () => {
    const name = await startSleeper(['--rm']);
    await tspodOk(['restart', '-t', '1', name]);
    assert.match(await statusOf(name), /^Up/);
    await tspodOk(['stop', '-t', '0', name]);
    assert.equal(await exists(name), false);
  });

  it('says what is not there', async () => {
    const result = await tspod(['restart', 'nobody']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /nobody/);
  });
});
