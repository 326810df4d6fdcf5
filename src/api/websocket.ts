import { createHash } from 'node:crypto';
import { Transform, Writable } from 'node:stream';
import { UsageError } from '../base/errors.ts';
import type { Exchange } from './exchange.ts';
import type { HijackedStream } from './hijack.ts';

/** What both sides add to the key (RFC 6455, 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Of one frame; typed input is short, and pasted text comes in several. */
const LONGEST_FRAME = 1 << 20;
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Answers the handshake: afterwards bytes come and go in frames of a WebSocket, which nobody sees but this file. */
export function acceptWebSocket(exchange: Exchange): HijackedStream {
  const { request, response, socket, head, wantsUpgrade } = exchange;
  const key = request.headers['sec-websocket-key'];
  if (!wantsUpgrade || typeof key !== 'string' || request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw new UsageError('this path speaks WebSocket only: the handshake is missing');
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  response.detachSocket(request.socket);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  const reader = new FrameReader();
  const input = new Transform({
    transform(chunk: Buffer, _, done) {
      try {
        for (const { opcode, payload } of reader.feed(chunk)) {
          if (opcode === OPCODE.close) {
            socket.write(encodeFrame(OPCODE.close, payload.subarray(0, 2)));
            this.push(null);
            break;
          }
          if (opcode === OPCODE.ping) socket.write(encodeFrame(OPCODE.pong, payload));
          else if (opcode !== OPCODE.pong) this.push(payload);
        }
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  input.on('error', () => socket.destroy());
  socket.pipe(input);
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      if (socket.write(encodeFrame(OPCODE.binary, chunk))) done();
      else socket.once('drain', () => done());
    },
  });
  socket.on('close', () => output.destroy());
  return {
    input,
    output,
    end: () => {
      if (!socket.writableEnded) socket.end(encodeFrame(OPCODE.close, Buffer.from([0x03, 0xe8])));
    },
  };
}

export interface Frame {
  opcode: number;
  payload: Buffer;
}

/** Takes frames of a client, which are masked, out of pieces of a stream. Throws on what is none. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  feed(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
    }
  }

  #next(): Frame | undefined {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const first = bytes.readUInt8(0);
    const second = bytes.readUInt8(1);
    if ((second & 0x80) === 0) throw new UsageError('a client must mask its frames');
    const short = second & 0x7f;
    const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + lengthSize + 4;
    if (bytes.length < start) return undefined;
    const length =
      lengthSize === 0 ? short : lengthSize === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > LONGEST_FRAME) throw new UsageError(`a frame of ${length} bytes is too long`);
    if (bytes.length < start + length) return undefined;
    const mask = bytes.subarray(start - 4, start);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    for (let at = 0; at < payload.length; at++)
      payload.writeUInt8(payload.readUInt8(at) ^ mask.readUInt8(at % 4), at);
    this.#rest = bytes.subarray(start + length);
    return { opcode: first & 0x0f, payload };
  }
}

/** One whole message; a server does not mask. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  let header: Buffer;
  if (length < 126) header = Buffer.from([0x80 | opcode, length]);
  else if (length < 0x10000) {
    header = Buffer.from([0x80 | opcode, 126, 0, 0]);
    header.writeUInt16BE(length, 2);
  } else {
    header = Buffer.alloc(10);
    header.writeUInt8(0x80 | opcode, 0);
    header.writeUInt8(127, 1);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}
