import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { constants, crc32, gzipSync } from 'node:zlib';
import type { Inflater } from '../../../src/native/syscalls.ts';
import { syscalls } from '../../../src/native/linux.ts';

const words = Buffer.from(Array.from({ length: 90_000 }, (_, i) => `word ${(i * 7919) % 10_007}\n`).join(''));
/** What packs well, what does not, what repeats over the whole window, and two members. */
const contents = [Buffer.concat([words, randomBytes(300_000), Buffer.alloc(400_000, 'x'), words]), words];
const packed = (level: number): Buffer =>
  Buffer.concat([...contents.map((each) => gzipSync(each, { level })), Buffer.alloc(77)]);
const whole = Buffer.concat(contents);

interface Place {
  at: number;
  out: number;
  mark: Buffer;
}

/** From a place to the end, in pieces of `step`; returns all marks on the way, and compares everything. */
async function run(
  inflater: Inflater,
  bytes: Buffer,
  from: Omit<Place, 'mark'>,
  wants: boolean,
): Promise<Place[]> {
  const room = Buffer.alloc(30_000);
  const places: Place[] = [];
  let { at, out } = from;
  for (let isFull = false, isBetween = false; ; ) {
    if (at === bytes.length && !isFull) {
      assert.ok(isBetween);
      break;
    }
    const part = await syscalls().inflateInto(inflater, bytes.subarray(at, at + 7001), room, wants);
    ({ isBetween } = part);
    assert.equal(part.problem, undefined);
    assert.ok(room.subarray(0, part.written).equals(whole.subarray(out, out + part.written)));
    at += part.read;
    out += part.written;
    isFull = part.written === room.length;
    if (part.mark !== undefined) assert.equal(part.mark.readUInt32LE(2), crc32(whole.subarray(0, out)));
    if (part.mark !== undefined) places.push({ at, out, mark: part.mark });
  }
  assert.equal(out, whole.length);
  return places;
}

for (const level of [constants.Z_NO_COMPRESSION, constants.Z_BEST_SPEED, constants.Z_BEST_COMPRESSION])
  test(`another inflater goes on at the marks of a stream of level ${level}`, async () => {
    const bytes = packed(level);
    const places = await run(syscalls().openInflater('gzip'), bytes, { at: 0, out: 0 }, true);
    assert.ok(places.length > 10, `${places.length} marks`);
    for (const place of places.filter((_, i) => i % 5 === 0 || i === places.length - 1))
      assert.deepEqual(await run(syscalls().resumeInflater(place.mark), bytes, place, false), []);
    // Marks of one that was resumed are as good.
    const [third] = places.slice(3);
    assert.ok(third);
    const again = await run(syscalls().resumeInflater(third.mark), bytes, third, true);
    const last = again.at(-1);
    assert.ok(last);
    await run(syscalls().resumeInflater(last.mark), bytes, last, false);
  });

test('the checksum of a later member counts again', async () => {
  const bytes = Buffer.concat([gzipSync(words), gzipSync('more')]);
  const first = await syscalls().inflateInto(
    syscalls().openInflater('gzip'),
    bytes.subarray(0, 5000),
    Buffer.alloc(1 << 20),
    true,
  );
  assert.ok(first.mark);
  bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 0xff;
  const resumed = syscalls().resumeInflater(first.mark);
  const { problem } = await syscalls().inflateInto(
    resumed,
    bytes.subarray(first.read),
    Buffer.alloc(1 << 21),
  );
  assert.equal(problem, 'incorrect data check');
});

test('what is no mark is refused', () => {
  for (const nonsense of [
    Buffer.alloc(0),
    Buffer.alloc(1),
    Buffer.from([8, 0, 0, 0, 0, 0]),
    Buffer.alloc(40_000),
  ])
    assert.throws(() => syscalls().resumeInflater(nonsense), { code: 'EINVAL' });
});
