import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { LockError, LockTimeoutError } from '../../../src/base/errors.ts';
import { acquireLock, type LockOptions, tryAcquireLock } from '../../../src/native/kernel-lock.ts';

const LONG = 20_000;

describe('kernel locks', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-locks-'));
  after(() => rmSync(base, { recursive: true }));
  let serial = 0;
  const fresh = () => join(base, 'made/when/needed', `${serial++}`);
  const exclusive = (what: string, timeoutMs = LONG): LockOptions => ({ mode: 'exclusive', timeoutMs, what });

  test('an exclusive lock keeps everybody else out until it is released', async () => {
    const path = fresh();
    const held = await acquireLock(path, exclusive('thing'));
    assert.equal(tryAcquireLock(path, { mode: 'shared', what: 'thing' }), undefined);
    held.release();
    held.release();
    using again = await acquireLock(path, exclusive('thing', 0));
    assert.equal(again.path, path);
  });

  test('shared locks go together and keep an exclusive one out', async () => {
    const path = fresh();
    using first = await acquireLock(path, { ...exclusive('thing'), mode: 'shared' });
    using second = await acquireLock(path, { ...exclusive('thing'), mode: 'shared' });
    assert.notEqual(first, second);
    assert.equal(tryAcquireLock(path, exclusive('thing')), undefined);
  });

  test('a waiter gives up after its time and names what is locked', async () => {
    const path = fresh();
    using held = await acquireLock(path, exclusive('container abc'));
    await assert.rejects(acquireLock(path, exclusive('container abc', 30)), (error) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.match(error.message, /^container abc is locked/);
      return true;
    });
    assert.equal(held.path, path);
  });

  test('more waiters than libuv has threads all get their turn, and files stay usable meanwhile', async () => {
    const path = fresh();
    const held = await acquireLock(path, exclusive('thing'));
    const order: number[] = [];
    const waiters = Array.from({ length: 8 }, async (_, index) => {
      using lock = await acquireLock(path, exclusive('thing'));
      order.push(index);
      assert.equal(lock.path, path);
    });
    await import('node:fs/promises').then(({ readFile }) => readFile('/proc/self/stat'));
    assert.deepEqual(order, []);
    held.release();
    await Promise.all(waiters);
    assert.equal(order.length, 8);
  });

  test('the kernel frees the lock of a killed process', async () => {
    const path = fresh();
    const code = `
      import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, '../../../src/native/kernel-lock.ts'))};
      globalThis.held = await acquireLock(${JSON.stringify(path)}, { mode: 'exclusive', timeoutMs: 0, what: 'x' });
      console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    assert.equal(tryAcquireLock(path, exclusive('x')), undefined);
    const waiting = acquireLock(path, exclusive('x'));
    child.kill('SIGKILL');
    (await waiting).release();
  });

  test('whoever waited for a file that its holder deleted locks the new one', async () => {
    const path = fresh();
    const held = await acquireLock(path, exclusive('thing'));
    const waiting = acquireLock(path, exclusive('thing'));
    unlinkSync(path);
    held.release();
    using lock = await waiting;
    assert.ok(existsSync(lock.path));
    assert.equal(tryAcquireLock(path, exclusive('thing')), undefined);
  });

  test('the lock order is pod, containers by id, volume, storage', async () => {
    const take = (level: LockOptions['level'], id: string, held?: Awaited<ReturnType<typeof acquireLock>>) =>
      acquireLock(fresh(), {
        ...exclusive(`${level} ${id}`),
        ...(level === undefined ? {} : { level }),
        id,
        ...(held === undefined ? {} : { after: held }),
      });
    using pod = await take('pod', 'p');
    using first = await take('container', 'b', pod);
    using second = await take('container', 'c', first);
    using volume = await take('volume', 'v', second);
    await assert.rejects(take('container', 'a', second), {
      message: 'lock order violated: container a after container c',
    });
    await assert.rejects(take('container', 'z', volume), LockError);
    await assert.rejects(take('pod', 'p', volume), LockError);
    await assert.rejects(
      acquireLock(first.path, { ...exclusive('container b'), after: second }),
      /locked twice/,
    );
    using storage = await take('storage', 's', volume);
    assert.notEqual(storage.path, volume.path);
  });
});
