/**
 * The part of the D-Bus wire format that calls of the service manager need: little-endian, marshalled by hand. A body is written
 * with BusWriter; of an answer only the strings and numbers at its beginning are of interest, read with BusReader.
 */

/** Variants of the header's fields and of what we send are of these types only. */
export type BusVariant =
  | { type: 's' | 'o' | 'g'; value: string }
  | { type: 'u'; value: number }
  | { type: 'b'; value: boolean }
  | { type: 'au'; value: readonly number[] }
  | { type: 't'; value: bigint }
  | { type: 'ay'; value: readonly number[] }
  | { type: 'a(st)'; value: readonly (readonly [string, bigint])[] };

export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: Buffer;
}

export interface BusMessage {
  kind: 'call' | 'return' | 'error' | 'signal' | 'other';
  replyTo: number | undefined;
  errorName: string | undefined;
  member: string | undefined;
  body: Buffer;
}

const KINDS = ['other', 'call', 'return', 'error', 'signal'] as const;
const CALL = 1;
const LITTLE_ENDIAN = 0x6c;
const VERSION = 1;
const FIXED_HEADER = 16;
const FIELD = { path: 1, interface: 2, member: 3, errorName: 4, replyTo: 5, destination: 6, signature: 8 };
/** No message that concerns us comes near; what says so is no D-Bus. */
const LARGEST_MESSAGE = 1 << 20;

export class BusWriter {
  #bytes: number[] = [];

  align(to: number): this {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
    return this;
  }

  byte(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  u32(value: number): this {
    this.align(4);
    for (const shift of [0, 8, 16, 24]) this.byte(value >>> shift);
    return this;
  }

  u64(value: bigint): this {
    this.align(8);
    for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((value >> shift) & 0xffn));
    return this;
  }

  string(value: string): this {
    const text = Buffer.from(value);
    this.u32(text.length);
    this.#bytes.push(...text, 0);
    return this;
  }

  signature(value: string): this {
    this.byte(value.length);
    this.#bytes.push(...Buffer.from(value, 'latin1'), 0);
    return this;
  }

  /** `alignment` is that of an element; the padding before the first is there even without any. */
  array(alignment: number, write: (writer: this) => void): this {
    this.u32(0);
    const at = this.#bytes.length - 4;
    this.align(alignment);
    const start = this.#bytes.length;
    write(this);
    const length = this.#bytes.length - start;
    for (const index of [0, 1, 2, 3]) this.#bytes[at + index] = (length >>> (8 * index)) & 0xff;
    return this;
  }

  variant(variant: BusVariant): this {
    this.signature(variant.type);
    if (variant.type === 'u') return this.u32(variant.value);
    if (variant.type === 'b') return this.u32(variant.value ? 1 : 0);
    if (variant.type === 'g') return this.signature(variant.value);
    if (variant.type === 't') return this.u64(variant.value);
    if (variant.type === 'ay')
      return this.array(1, () => variant.value.forEach((value) => void this.byte(value)));
    if (variant.type === 'au')
      return this.array(4, () => variant.value.forEach((value) => void this.u32(value)));
    if (variant.type !== 'a(st)') return this.string(variant.value);
    return this.array(8, () => {
      for (const [text, value] of variant.value) this.align(8).string(text).u64(value);
    });
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

export function encodeCall(call: BusCall, serial: number): Buffer {
  const body = call.body ?? Buffer.alloc(0);
  const fields: [number, BusVariant][] = [
    [FIELD.path, { type: 'o', value: call.path }],
    [FIELD.interface, { type: 's', value: call.interface }],
    [FIELD.member, { type: 's', value: call.member }],
    [FIELD.destination, { type: 's', value: call.destination }],
  ];
  if (call.signature !== undefined) fields.push([FIELD.signature, { type: 'g', value: call.signature }]);
  const header = new BusWriter().byte(LITTLE_ENDIAN).byte(CALL).byte(0).byte(VERSION);
  header.u32(body.length).u32(serial);
  header.array(8, (writer) => {
    for (const [code, value] of fields) writer.align(8).byte(code).variant(value);
  });
  return Buffer.concat([header.align(8).bytes(), body]);
}

export class BusReader {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#at;
  }

  align(to: number): void {
    this.#at = roundUp(this.#at, to);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  u32(): number {
    this.align(4);
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  string(length = this.u32()): string {
    this.#at += length + 1;
    return this.#bytes.toString('utf8', this.#at - length - 1, this.#at - 1);
  }

  signature(): string {
    return this.string(this.byte());
  }
}

/** The first message in `bytes` and how long it is; undefined when not all of it has come. */
export function decodeMessage(bytes: Buffer): { message: BusMessage; length: number } | undefined {
  if (bytes.length < FIXED_HEADER) return undefined;
  if (bytes[0] !== LITTLE_ENDIAN) throw new Error('the message bus answered in another byte order');
  const bodyLength = bytes.readUInt32LE(4);
  const fieldsEnd = FIXED_HEADER + bytes.readUInt32LE(12);
  const bodyStart = roundUp(fieldsEnd, 8);
  const length = bodyStart + bodyLength;
  if (length > LARGEST_MESSAGE) throw new Error(`the message bus sent a message of ${length} bytes`);
  if (bytes.length < length) return undefined;
  const fields = readFields(bytes.subarray(0, fieldsEnd));
  const text = (code: number): string | undefined => {
    const value = fields.get(code);
    return typeof value === 'string' ? value : undefined;
  };
  const replyTo = fields.get(FIELD.replyTo);
  const message: BusMessage = {
    kind: KINDS[bytes[1] ?? 0] ?? 'other',
    replyTo: typeof replyTo === 'number' ? replyTo : undefined,
    errorName: text(FIELD.errorName),
    member: text(FIELD.member),
    body: Buffer.from(bytes.subarray(bodyStart, length)),
  };
  return { message, length };
}

function readFields(header: Buffer): Map<number, string | number> {
  const fields = new Map<number, string | number>();
  const reader = new BusReader(header);
  for (let skipped = 0; skipped < FIXED_HEADER; skipped++) reader.byte();
  while (reader.position < header.length) {
    reader.align(8);
    const code = reader.byte();
    const type = reader.signature();
    if (type === 'u') fields.set(code, reader.u32());
    else if (type === 'g') fields.set(code, reader.signature());
    else if (type === 's' || type === 'o') fields.set(code, reader.string());
    else throw new Error(`the message bus sent a header field of type ${type}`);
  }
  return fields;
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
