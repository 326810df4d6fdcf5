import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../../../src/storage/checkpoint.ts';

const GOOD: Checkpoint = {
  compression: 'gzip',
  from: 1000,
  hash: Buffer.alloc(112, 7),
  packed: 1234,
  mark: Buffer.alloc(6 + 32_768, 3),
  unpacked: 5_000_000_000,
  crc: 0xffffffff,
  parts: [
    { layer: 'aa', to: 4096 },
    { layer: 'bb', to: 5_000_000_000 },
  ],
};

test('a checkpoint comes back as it was written', () => {
  assert.deepEqual(parseCheckpoint(formatCheckpoint(GOOD)), GOOD);
  const plain: Checkpoint = {
    ...GOOD,
    compression: 'none',
    packed: 4096,
    unpacked: 4096,
    mark: Buffer.alloc(0),
    parts: [{ layer: 'aa', to: 4096 }],
  };
  assert.deepEqual(parseCheckpoint(formatCheckpoint(plain)), plain);
});

test('anything else is none', () => {
  const written = formatCheckpoint(GOOD);
  const changed = (change: Record<string, unknown>): string =>
    JSON.stringify({ ...(JSON.parse(written) as object), ...change });
  for (const text of [
    '',
    'null',
    '[]',
    written.slice(0, -1),
    changed({ version: 2 }),
    changed({ compression: 'zstd' }),
    changed({ from: -1 }),
    changed({ from: 1235 }),
    changed({ packed: 1.5 }),
    changed({ packed: '1234' }),
    changed({ unpacked: 0 }),
    changed({ crc: 2 ** 32 }),
    changed({ hash: '' }),
    changed({ hash: Buffer.alloc(200).toString('base64') }),
    changed({ mark: '' }),
    changed({ mark: Buffer.alloc(40_000).toString('base64') }),
    changed({ parts: [] }),
    changed({ parts: undefined }),
    changed({ parts: [{ layer: '../../etc', to: 5_000_000_000 }] }),
    changed({ parts: [{ layer: 'aa', to: 4096 }] }),
    changed({ parts: [{ layer: 'aa', to: 6000 }, null, { layer: 'bb', to: 5_000_000_000 }] }),
    changed({ parts: GOOD.parts.toReversed() }),
  ])
    assert.equal(parseCheckpoint(text), undefined, text.slice(0, 200));
});
