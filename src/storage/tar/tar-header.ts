import { Header } from 'tar/header';
import { IntegrityError, messageOf } from '../../base/errors.ts';

/** One header block as it is, before extended headers are applied. Names are bytes, kept as latin1 text. */
export interface TarHeader {
  /** The type flag: one character; NUL is given as '0'. */
  type: string;
  name: string;
  linkName: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtimeSec: number;
  major: number;
  minor: number;
}

/** Undefined for a block of zeros. Throws IntegrityError for a damaged or absurd one. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const header = decode(block);
  if (header.nullBlock && isZero(block)) return undefined;
  if (!header.cksumValid && signedChecksum(block) !== header.cksum)
    throw new IntegrityError('a tar header has a wrong checksum');
  const flag = block[156] ?? 0;
  return {
    type: flag === 0 ? '0' : String.fromCharCode(flag),
    name: fullName(block),
    linkName: text(block, 157, 100),
    mode: numberOr(header.mode, block, 100, 8, 'mode') & 0o7777,
    uid: identifier(numberOr(header.uid, block, 108, 8, 'uid'), 'uid'),
    gid: identifier(numberOr(header.gid, block, 116, 8, 'gid'), 'gid'),
    // Not header.size: a name cut off behind a slash makes that 0, though a longer name may follow from elsewhere.
    size: octal(block, 124, 12),
    mtimeSec: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    major: octal(block, 329, 8),
    minor: octal(block, 337, 8),
  };
}

/** 32-bit ids; the last one means "no change" to the kernel and is refused. */
export function identifier(value: number, field: string): number {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 0xffffffff)
    throw new IntegrityError(`a tar header has an impossible ${field}`);
  return value;
}

/** Text up to the first NUL, a character per byte. */
export function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  const limit = offset + length;
  return block.toString('latin1', offset, end < 0 || end > limit ? limit : end);
}

/** Octal or base-256, as in all numeric fields; blank counts as 0. */
export function octal(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if (first & 0x80) {
    let value = first & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (block[offset + i] ?? 0);
    if (!Number.isSafeInteger(value)) throw new IntegrityError('a tar header has a number out of range');
    return value;
  }
  const digits = text(block, offset, length).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new IntegrityError('a tar header has a field that is not a number');
  return Number.parseInt(digits, 8);
}

function decode(block: Buffer): Header {
  try {
    return new Header(block, 0);
  } catch (error) {
    throw new IntegrityError(`a tar header is damaged: ${messageOf(error)}`, { cause: error });
  }
}

/** A field that could not be read is an error unless it is blank. */
function numberOr(
  value: number | undefined,
  block: Buffer,
  ...[offset, length, field]: [offset: number, length: number, field: string]
): number {
  if (value !== undefined && value >= 0) return value;
  if (value === undefined && text(block, offset, length).trim() === '') return 0;
  throw new IntegrityError(`a tar header has an impossible ${field}`);
}

/** GNU headers keep times where POSIX ones keep a prefix; star keeps them behind a shorter prefix. */
function fullName(block: Buffer): string {
  const name = text(block, 0, 100);
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name;
  const star = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = text(block, 345, star ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function isZero(block: Buffer): boolean {
  for (let i = 0; i < block.length; i++) if (block[i] !== 0) return false;
  return true;
}

/** Some ancient programs summed signed characters. */
function signedChecksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += block.readInt8(i);
  return sum;
}
