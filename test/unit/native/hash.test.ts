import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { syscalls } from '../../../src/native/linux.ts';

const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 31) % 251));
const expected = createHash('sha256').update(bytes).digest('hex');

test('a hash is put down and taken up again anywhere', () => {
  const system = syscalls();
  for (const at of [0, 1, 63, 64, 65, 5000, bytes.length]) {
    const first = system.openHash(Buffer.alloc(0));
    system.hashUpdate(first, bytes.subarray(0, at));
    const second = system.openHash(system.hashState(first));
    // What one does is nothing to the other.
    system.hashUpdate(first, bytes);
    system.hashUpdate(second, bytes.subarray(at));
    assert.equal(system.hashDigest(second).toString('hex'), expected);
    assert.equal(system.hashDigest(second).toString('hex'), expected, 'asked again');
  }
});

test('a state that cannot be one is refused', () => {
  const system = syscalls();
  const state = system.hashState(system.openHash(Buffer.alloc(0)));
  for (const nonsense of [Buffer.alloc(1), state.subarray(1), Buffer.alloc(state.length, 0xff)])
    assert.throws(() => system.openHash(nonsense), { code: 'EINVAL' });
  assert.throws(() => system.hashUpdate({}, bytes), TypeError);
});
