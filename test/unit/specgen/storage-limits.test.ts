import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storageFromOptions } from '../../../src/specgen/storage-limits.ts';
import { contextFixture } from './fixture.ts';

const context = contextFixture({
  storageWords: ['overlay.size=2g', '.inodes=500', 'overlay.mountopt=nodev', 'size=1g'],
});

test('what storage.conf says holds where the container says nothing', () => {
  assert.deepEqual(storageFromOptions({}, context), { storageLimits: { size: 2 ** 30, inodes: 500 } });
  assert.deepEqual(storageFromOptions({ storageOpt: ['Size=10M'] }, context), {
    storageLimits: { size: 10 * 2 ** 20, inodes: 500 },
  });
  assert.deepEqual(storageFromOptions({ storageOpt: ['size=0', 'inodes=0'] }, context), {});
  assert.deepEqual(storageFromOptions({}, contextFixture()), {});
  assert.deepEqual(
    storageFromOptions({}, contextFixture({ image: undefined, storageWords: ['size=1g'] })),
    {},
  );
});

test('what is no limit is refused by its name', () => {
  for (const [text, reason] of [
    ['colour=red', /unknown --storage-opt colour=red/],
    ['size', /invalid size: ''/],
    ['inodes=1.5', /must be a number/],
  ] as const)
    assert.throws(() => storageFromOptions({ storageOpt: [text] }, contextFixture()), reason);
  assert.throws(
    () => storageFromOptions({ storageOpt: ['size=1g'], rootfs: true }, contextFixture()),
    /--rootfs/,
  );
});
