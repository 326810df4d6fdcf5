import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { unpackGuard } from '../../../src/storage/unpack-limit.ts';

const MEGABYTE = 1 << 20;
const half = () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  return (bavail * bsize) / 2;
};

test('what is packed by more than two hundred may take half of the free space', () => {
  const guard = unpackGuard('it', tmpdir(), undefined);
  guard(MEGABYTE, 1000 * MEGABYTE < half() ? 1000 * MEGABYTE : half() / 2);
  // Others write there, too.
  const much = half() + 1024 * MEGABYTE;
  assert.throws(() => guard(Math.round(much / 1000), much), {
    name: 'IntegrityError',
    message: /^it: \d+ bytes unpack to more/,
  });
  guard(much / 100, much);
});

test('a limit that is set holds for everything, and 0 is none', () => {
  const guard = unpackGuard('it', tmpdir(), '1m');
  guard(1, MEGABYTE);
  assert.throws(() => guard(MEGABYTE, MEGABYTE + 1), { name: 'IntegrityError' });
  unpackGuard('it', tmpdir(), '0')(1, 1e18);
  assert.throws(() => unpackGuard('it', tmpdir(), 'much'), /TSPOD_UNPACK_LIMIT/);
});
