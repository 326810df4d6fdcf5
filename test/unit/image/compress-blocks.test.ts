import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressBlocks } from '../../../src/image/compress-blocks.ts';

describe('compressing blocks', () => {
  const read = async (blocks: readonly Buffer[], compression: 'gzip' | 'zstd', level?: number) => {
    async function* source() {
      yield* blocks;
    }
    const parts: Buffer[] = [];
    for await (const part of compressBlocks(source(), { compression, level })) parts.push(part);
    return Buffer.concat(parts);
  };
  const unpack = { gzip: gunzipSync, zstd: zstdDecompressSync };
  const text = (length: number, seed: number) =>
    Buffer.from(Array.from({ length }, (_, i) => 97 + (((i * seed) >>> 3) % 23)));
  const noise = (length: number, seed: number) => {
    let state = seed;
    return Buffer.from(
      Array.from({ length }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return 97 + ((state >>> 24) & 7);
      }),
    );
  };

  for (const compression of ['gzip', 'zstd'] as const) {
    for (const [what, blocks] of [
      ['nothing', []],
      ['an empty block', [Buffer.alloc(0)]],
      ['one byte', [Buffer.from('x')]],
      ['blocks smaller than the window', Array.from({ length: 50 }, (_, i) => text(777, i + 1))],
      ['what holds no repetitions', [noise(1 << 20, 3), text(1 << 19, 5), noise(100, 7), noise(1 << 19, 9)]],
      ['large and small blocks', [text(1 << 20, 3), text(5, 3), text((1 << 20) + 1, 5), text(4 << 20, 7)]],
    ] as const) {
      test(`${compression} of ${what} is unpacked as it was`, async () => {
        const packed = await read(blocks, compression);
        assert.ok(unpack[compression](packed).equals(Buffer.concat(blocks)));
      });
    }

    test(`${compression} tells when the bytes of a block may be overwritten`, async () => {
      const blocks = [text(1 << 20, 3), noise(1 << 20, 5), text(700, 3), ...Array(8).fill(text(1 << 20, 9))];
      const copies = blocks.map((block) => Buffer.from(block));
      let given = 0;
      async function* source() {
        for (const block of copies) yield block;
      }
      const done = (block: Buffer) => {
        block.fill(0);
        given += block.length;
      };
      const parts: Buffer[] = [];
      for await (const part of compressBlocks(source(), { compression, done })) parts.push(part);
      assert.ok(unpack[compression](Buffer.concat(parts)).equals(Buffer.concat(blocks)));
      assert.ok(given > 6 << 20, `${given} bytes were given back`);
    });

    test(`${compression} is the same each time, and smaller with a higher level`, async () => {
      const blocks = [text(1 << 20, 3), text(1 << 19, 7)];
      const [first, second, best] = await Promise.all([
        read(blocks, compression),
        read(blocks, compression),
        read(blocks, compression, 9),
      ]);
      assert.ok(first.equals(second));
      assert.ok(best.length <= first.length);
    });
  }
});
