import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countGarbage } from '../../../src/base/collect-garbage.ts';

test('buffers that nobody holds any more do not gather', () => {
  let most = 0;
  for (let i = 0; i < 1000; i++) {
    const buffer = Buffer.alloc(256 << 10);
    countGarbage(buffer.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  assert.ok(most < 100 << 20, `${most} bytes at once`);
});
