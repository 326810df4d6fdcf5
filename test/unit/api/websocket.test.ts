import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeFrame, FrameReader } from '../../../src/api/websocket.ts';

/** As a client sends it. */
function masked(opcode: number, payload: Buffer): Buffer {
  const frame = encodeFrame(opcode, payload);
  const start = frame.length - payload.length;
  const mask = Buffer.from([1, 2, 3, 4]);
  const head = Buffer.from(frame.subarray(0, start));
  head.writeUInt8(head.readUInt8(1) | 0x80, 1);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

describe('frames of a WebSocket', () => {
  test('of every length are read, in whatever pieces they come', () => {
    for (const length of [0, 5, 125, 126, 65535, 65536, 100_000]) {
      const payload = Buffer.alloc(length, 'abc');
      const bytes = Buffer.concat([masked(2, payload), masked(1, Buffer.from('next'))]);
      const reader = new FrameReader();
      const step = Math.max(1, Math.ceil(bytes.length / 7));
      const frames = [];
      for (let at = 0; at < bytes.length; at += step)
        frames.push(...reader.feed(bytes.subarray(at, at + step)));
      assert.deepEqual(
        frames.map(({ opcode, payload: data }) => [
          opcode,
          data.length,
          data.equals(opcode === 2 ? payload : Buffer.from('next')),
        ]),
        [
          [2, length, true],
          [1, 4, true],
        ],
      );
    }
  });

  test('without a mask, or far too long, end the conversation', () => {
    assert.throws(() => new FrameReader().feed(encodeFrame(1, Buffer.from('x'))), /mask/);
    const long = Buffer.alloc(14);
    long.writeUInt16BE(0x82ff, 0);
    long.writeBigUInt64BE(1n << 40n, 2);
    assert.throws(() => new FrameReader().feed(long), /too long/);
  });
});
