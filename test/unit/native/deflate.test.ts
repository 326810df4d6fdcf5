import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { syscalls } from '../../../src/native/linux.ts';

const text = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i % 977}\n`).join(''));
const NOTHING = Buffer.alloc(0);
const DEFAULT = constants.Z_DEFAULT_STRATEGY;

async function pack(
  blocks: readonly (readonly [before: Buffer, block: Buffer, level: number])[],
  strategy = DEFAULT,
) {
  const deflater = syscalls().openDeflater();
  const room = Buffer.alloc(text.length * 4);
  const parts: Buffer[] = [];
  for (const [before, block, level] of blocks) {
    const length = await syscalls().deflateInto(deflater, before, block, room, level, strategy);
    parts.push(Buffer.from(room.subarray(0, length)));
  }
  return parts;
}

const unpack = (parts: readonly Buffer[]) => inflateRawSync(Buffer.concat([...parts, Buffer.from([3, 0])]));

describe('compressing one block at a time', () => {
  test('blocks of one deflater follow each other in one stream', async () => {
    const parts = await pack([
      [NOTHING, text, 3],
      [text, text.subarray(0, 1000), 9],
      [NOTHING, Buffer.from('z'), 0],
    ]);
    assert.equal(unpack(parts).toString(), `${text}${text.subarray(0, 1000)}z`);
  });

  test('what comes before a block makes it smaller', async () => {
    const end = text.subarray(-2000);
    const [first, alone, after] = await pack([
      [NOTHING, text, 6],
      [NOTHING, end, 6],
      [text.subarray(-32_768), end, 6],
    ]);
    assert.ok(first !== undefined && alone !== undefined && after !== undefined);
    assert.ok(after.length < alone.length);
    assert.ok(unpack([first, after]).equals(Buffer.concat([text, end])));
  });

  describe('without a look for repetitions', () => {
    const SINGLE = constants.Z_HUFFMAN_ONLY;
    const numbers = (length: number) => {
      let state = 1;
      return Array.from({ length }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 12;
      });
    };
    const noise = (length: number, letters: number) => Buffer.from(numbers(length).map((n) => n % letters));
    /** Each byte half as often as the one before: the last ones would get codes that are too long. */
    const steep = Buffer.from(numbers(400_000).map((n) => Math.clz32(n)));
    const contents = {
      text,
      'one byte': Buffer.from('z'),
      'the same byte again and again': Buffer.alloc(100_000, 'a'),
      'few letters': noise(300_000, 5),
      'all bytes': noise(200_000, 256),
      'as much as has one code': noise(65_535, 100),
      'a byte more': noise(65_536, 100),
      'rare and frequent bytes': steep,
    };
    for (const [what, content] of Object.entries(contents))
      test(`${what} comes back, in no more bytes than zlib takes`, async () => {
        const parts = await pack([[NOTHING, content, 3]], SINGLE);
        assert.ok(unpack(parts).equals(content));
        const packed = parts[0]?.length ?? 0;
        const zlibs = deflateRawSync(content, { level: 3, strategy: SINGLE, memLevel: 9 }).length;
        const blocks = Math.ceil(content.length / 65_535);
        assert.ok(packed <= zlibs + blocks * 160, `${packed} bytes, zlib: ${zlibs}`);
      });

    test('blocks follow each other in one stream with those of the other kinds', async () => {
      const one = await pack([[NOTHING, text, 3]], SINGLE);
      const other = await pack([[text.subarray(-32_768), text, 3]]);
      const none = await pack([[NOTHING, NOTHING, 3]], SINGLE);
      assert.ok(unpack([...one, ...none, ...other, ...one]).equals(Buffer.concat([text, text, text])));
    });

    test('a room that is too small is an error, and nothing is written behind it', async () => {
      const content = noise(70_000, 200);
      const room = Buffer.alloc(80_000, 'x');
      for (const size of [0, 100, 20_000, 60_000, 65_000]) {
        const part = room.subarray(0, size);
        const packing = syscalls().deflateInto(syscalls().openDeflater(), NOTHING, content, part, 3, SINGLE);
        await assert.rejects(packing, { code: 'ENOBUFS' });
        assert.ok(room.subarray(size).every((byte) => byte === 0x78));
      }
    });
  });

  test('a room that is too small is an error, and the deflater can be used again', async () => {
    const deflater = syscalls().openDeflater();
    const small = syscalls().deflateInto(deflater, NOTHING, text, Buffer.alloc(10), 6, DEFAULT);
    await assert.rejects(small, { code: 'ENOBUFS', syscall: 'deflate' });
    const room = Buffer.alloc(text.length);
    const length = await syscalls().deflateInto(deflater, NOTHING, text, room, 6, DEFAULT);
    assert.ok(unpack([room.subarray(0, length)]).equals(text));
  });

  test('one call at a time, with sensible arguments', async () => {
    const deflater = syscalls().openDeflater();
    const first = syscalls().deflateInto(deflater, NOTHING, text, Buffer.alloc(text.length), 6, DEFAULT);
    assert.throws(() => syscalls().deflateInto(deflater, NOTHING, text, Buffer.alloc(9), 6, DEFAULT), {
      code: 'EBUSY',
    });
    await first;
    await assert.rejects(syscalls().deflateInto(deflater, NOTHING, text, Buffer.alloc(9), 77, DEFAULT), {
      code: 'EINVAL',
    });
    assert.throws(() => syscalls().deflateInto({}, NOTHING, text, Buffer.alloc(9), 6, DEFAULT), TypeError);
  });
});
