import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeSyscalls, systemError } from '../../../src/native/fake.ts';
import { replaceSyscalls, syscalls } from '../../../src/native/linux.ts';

describe('the recording fake', () => {
  test('has every call that the real one has', () => {
    const { calls, ...fake } = { ...fakeSyscalls() };
    assert.deepEqual(calls, []);
    for (const name of Object.keys(syscalls())) {
      assert.equal(typeof Reflect.get(fakeSyscalls(), name), 'function', name);
    }
    assert.ok(fake);
  });

  test('records calls in order and answers as told', () => {
    const fake = fakeSyscalls({
      umount: () => {
        throw systemError('EINVAL', 'umount', '/x');
      },
    });
    const restore = replaceSyscalls(fake);
    try {
      syscalls().mount('a', '/x', 'tmpfs', 0, '');
      assert.throws(() => syscalls().umount('/x', 2), { code: 'EINVAL', path: '/x' });
    } finally {
      restore();
    }
    assert.deepEqual(fake.calls, [
      { name: 'mount', args: ['a', '/x', 'tmpfs', 0, ''] },
      { name: 'umount', args: ['/x', 2] },
    ]);
  });
});
