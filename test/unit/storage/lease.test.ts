import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withLease } from '../../../src/storage/lease.ts';

const MODULE = new URL('../../../src/storage/lease.ts', import.meta.url).href;

describe('a lease', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-lease-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** A process that holds the lease until it is killed. */
  async function holder(name: string) {
    const script = `import { withLease } from ${JSON.stringify(MODULE)};
      await withLease({ directory: ${JSON.stringify(directory)}, name: ${JSON.stringify(name)} }, () => {
        process.stdout.write('held');
        return new Promise(() => setInterval(() => {}, 1000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  }

  it('is held by one at a time and leaves nothing behind', async () => {
    const order: string[] = [];
    let waited = false;
    const first = withLease({ directory, name: 'one' }, async () => {
      order.push('first in');
      while (!waited) await new Promise((resolve) => setImmediate(resolve));
      order.push('first out');
    });
    const onWait = () => {
      waited = true;
    };
    while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await withLease({ directory, name: 'one', onWait }, async () => void order.push('second in'));
    await first;
    assert.deepEqual(order, ['first in', 'first out', 'second in']);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is taken over from a killed holder long before it grows stale', async () => {
    const child = await holder('dead');
    child.kill('SIGKILL');
    await once(child, 'close');
    const signal = AbortSignal.timeout(7_000);
    assert.equal(await withLease({ directory, name: 'dead', signal }, async () => 'mine'), 'mine');
  });

  it('is not taken from a living holder, and waiting ends by the signal', async () => {
    const child = await holder('alive');
    try {
      const stop = new AbortController();
      const waiting = withLease(
        { directory, name: 'alive', signal: stop.signal, onWait: () => stop.abort(new Error('enough')) },
        async () => 'never',
      );
      await assert.rejects(waiting);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('is not taken from a living holder when the clock of the host is set forward', async () => {
    const child = await holder('jump');
    try {
      const longAgo = new Date(Date.now() - 3_600_000);
      utimesSync(join(directory, 'jump.lock'), longAgo, longAgo);
      const stop = new AbortController();
      const waiting = withLease(
        { directory, name: 'jump', signal: stop.signal, onWait: () => stop.abort(new Error('enough')) },
        async () => 'never',
      );
      await assert.rejects(waiting);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('is given back when the work fails', async () => {
    await assert.rejects(
      withLease({ directory, name: 'fails' }, () => Promise.reject(new Error('no'))),
      {
        message: 'no',
      },
    );
    assert.equal(await withLease({ directory, name: 'fails' }, async () => 1), 1);
  });
});
