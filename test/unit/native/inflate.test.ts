import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { syscalls } from '../../../src/native/linux.ts';

const text = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `line ${i % 977}\n`).join(''));

interface Outcome {
  content: Buffer;
  isBetween: boolean;
  problem: string | undefined;
}

/** Fed in pieces of `step` bytes, taken out in rooms of `room` bytes. */
async function inflate(
  format: 'gzip' | 'zstd',
  packed: Buffer,
  step: number,
  room: number,
): Promise<Outcome> {
  const inflater = syscalls().openInflater(format);
  const shared = Buffer.from(new SharedArrayBuffer(room));
  const parts: Buffer[] = [];
  let isBetween = true;
  for (let at = 0; at < packed.length; at += step) {
    const piece = packed.subarray(at, at + step);
    for (let read = 0, written = room; read < piece.length || written === room; ) {
      const part = await syscalls().inflateInto(inflater, piece.subarray(read), shared);
      ({ written, isBetween } = part);
      read += part.read;
      parts.push(Buffer.from(shared.subarray(0, written)));
      if (part.problem !== undefined)
        return { content: Buffer.concat(parts), isBetween, problem: part.problem };
    }
  }
  return { content: Buffer.concat(parts), isBetween, problem: undefined };
}

for (const [format, pack] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  describe(`the inflater for ${format}`, () => {
    const packed = pack(text);
    for (const [step, room] of [
      [1 << 20, 1 << 20],
      [977, 4096],
      [packed.length, 512],
    ] as const) {
      test(`gives the content back: pieces of ${step}, rooms of ${room}`, async () => {
        const { content, isBetween, problem } = await inflate(format, packed, step, room);
        assert.deepEqual({ isBetween, problem }, { isBetween: true, problem: undefined });
        assert.ok(content.equals(text));
      });
    }

    test('goes on with what another call of the packer appended', async () => {
      const { content, isBetween } = await inflate(format, Buffer.concat([packed, pack('more')]), 1000, 4096);
      assert.ok(isBetween);
      assert.ok(content.equals(Buffer.concat([text, Buffer.from('more')])));
    });

    test('tells a stream that ends too early from one that is whole', async () => {
      const { isBetween, problem } = await inflate(format, packed.subarray(0, -3), 1000, 4096);
      assert.deepEqual({ isBetween, problem }, { isBetween: false, problem: undefined });
    });

    test('names what is wrong with a damaged stream', async () => {
      const garbage = Buffer.concat([packed, Buffer.from('garbage')]);
      assert.ok((await inflate(format, garbage, 1000, 4096)).problem);
      const flipped = Buffer.from(packed);
      flipped.fill(0xff, 40, 80);
      assert.ok((await inflate(format, flipped, 1000, 4096)).problem);
    });
  });
}

test('zeros behind a gzip stream are padding', async () => {
  const padded = Buffer.concat([gzipSync(text), Buffer.alloc(1000)]);
  const { content, isBetween, problem } = await inflate('gzip', padded, 333, 4096);
  assert.deepEqual({ isBetween, problem }, { isBetween: true, problem: undefined });
  assert.ok(content.equals(text));
});

test('an inflater does one thing at a time, and takes nothing but its own kind', async () => {
  const inflater = syscalls().openInflater('gzip');
  const running = syscalls().inflateInto(inflater, gzipSync(text), Buffer.alloc(1000));
  assert.throws(() => syscalls().inflateInto(inflater, Buffer.alloc(1), Buffer.alloc(1)), { code: 'EBUSY' });
  await running;
  assert.throws(() => syscalls().inflateInto({}, Buffer.alloc(1), Buffer.alloc(1)), TypeError);
});

test('what zstd:chunked keeps in frames to be skipped, between and behind the others, is passed over', async () => {
  const skipped = (length: number): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x184d2a50, 0);
    head.writeUInt32LE(length, 4);
    return Buffer.concat([head, Buffer.alloc(length, 'x')]);
  };
  const parts = [zstdCompressSync(text), skipped(70), zstdCompressSync('more'), skipped(5000), skipped(0)];
  for (const step of [1 << 20, 977, 1]) {
    const { content, isBetween, problem } = await inflate('zstd', Buffer.concat(parts), step, 4096);
    assert.deepEqual({ isBetween, problem }, { isBetween: true, problem: undefined });
    assert.ok(content.equals(Buffer.concat([text, Buffer.from('more')])));
  }
});
