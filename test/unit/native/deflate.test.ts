import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, inflateRawSync } from 'node:zlib';
import { syscalls } from '../../../src/native/linux.ts';

const text = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i % 977}\n`).join(''));
const NOTHING = Buffer.alloc(0);
const DEFAULT = constants.Z_DEFAULT_STRATEGY;

async function pack(blocks: readonly (readonly [before: Buffer, block: Buffer, level: number])[]) {
  const deflater = syscalls().openDeflater();
  const room = Buffer.alloc(text.length * 2);
  const parts: Buffer[] = [];
  for (const [before, block, level] of blocks) {
    const length = await syscalls().deflateInto(deflater, before, block, room, level, DEFAULT);
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
