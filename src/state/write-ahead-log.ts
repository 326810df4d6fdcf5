import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { uptimeMs } from '../base/kernel.ts';

/**
 * What SQLite's log looks like (https://sqlite.org/walformat.html). SQLite takes what comes after a wrong checksum for what a crash has
 * left over, and goes on in the state of before that; so damage by others has to be told from a crash, and mended, here.
 */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The lowest bit tells the byte order that checksums are computed in. */
const MAGIC = 0x377f0682;

type Sums = readonly [number, number];

/** Before SQLite sees it: why the log of the DB `path` is none; undefined when it is one, or is not there. */
export function headerDamage(path: string): string | undefined {
  // Somebody may be writing it.
  const isLog = readFrom(`${path}-wal`, (readAt) => {
    for (let attempt = 1; attempt <= 3; attempt++) {
      const header = readAt(0, HEADER_BYTES);
      if (header.length < HEADER_BYTES || isHeader(header)) return true;
    }
    return false;
  });
  return isLog === false ? 'its log is not what SQLite wrote' : undefined;
}

/**
 * After SQLite's first look, which has found `valid` frames. They come one after the other, each with a checksum over all before it: so
 * the end of a transaction that is right behind one that is not was written before the damage. Only a power cut can leave the same, of what was not promised
 * to outlast it. In the usual case it costs a small read.
 */
export function frameDamage(path: string, valid: number): string | undefined {
  const log = `${path}-wal`;
  const hasMore = readFrom(log, (readAt) => {
    const header = readAt(0, HEADER_BYTES);
    if (header.length < HEADER_BYTES) return false;
    const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(8);
    const isOfNow = (number: number): boolean => {
      const frame = readAt(HEADER_BYTES + number * frameBytes, FRAME_HEADER_BYTES);
      return frame.length === FRAME_HEADER_BYTES && frame.compare(header, 16, 24, 8, 16) === 0;
    };
    return isOfNow(valid) || isOfNow(valid + 1);
  });
  if (hasMore !== true) return undefined;
  // Somebody may be writing it.
  for (let attempt = 1; attempt <= 3; attempt++) if (!isWrittenBehindDamage(log)) return undefined;
  return 'its log was changed by somebody else';
}

/** As both of the above, for one that nobody has open. */
export function isDamagedLog(path: string): boolean {
  return (
    existsSync(`${path}-wal`) && (headerDamage(path) !== undefined || isWrittenBehindDamage(`${path}-wal`))
  );
}

function isWrittenBehindDamage(name: string): boolean {
  const log = readFileSync(name);
  if (log.length < HEADER_BYTES) return false;
  const little = (log.readUInt32BE(0) & 1) === 0;
  let stored: Sums = [log.readUInt32BE(24), log.readUInt32BE(28)];
  let broken = false;
  for (const frame of framesOf(log, log.readUInt32BE(8))) {
    const isOfNow = frame.compare(log, 16, 24, 8, 16) === 0;
    const isValid = isOfNow && equal(sumOfFrame(frame, stored, little), storedSum(frame));
    // A long transaction that is killed may leave the others behind what it had written twice.
    const isCommit = frame.readUInt32BE(4) > 0;
    if (broken && isValid && isCommit) return isOfThisBoot(name);
    broken ||= !isValid;
    stored = storedSum(frame);
  }
  return false;
}

/** Hosts without a clock of their own start with an old time: what is of the future then is of before a power cut. */
function isOfThisBoot(name: string): boolean {
  const age = Date.now() - statSync(name).mtimeMs;
  return age >= -SLACK_MS && age < uptimeMs();
}

const SLACK_MS = 1000;

/** As many as a gigabyte has. */
const MOST_PAGES = 262_144;

/**
 * Makes a log whose bytes somebody has changed readable again: all its frames count, with new checksums. What they hold is believed row
 * by row. `log` is the file itself, of a copy that nobody else has open.
 */
export function mendLog(log: string, pageSize: number): void {
  const content = readFileSync(log);
  const all = [...framesOf(content, pageSize)];
  const sane = (frame: Buffer): boolean => {
    const page = frame.readUInt32BE(0);
    return page > 0 && page <= MOST_PAGES && frame.readUInt32BE(4) <= MOST_PAGES;
  };
  // Behind the last of this round come those of earlier ones.
  const salt = all.find(sane)?.subarray(8, 16);
  if (salt === undefined) return;
  const end = all.findLastIndex((frame) => frame.subarray(8, 16).equals(salt)) + 1;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(3_007_000, 4);
  header.writeUInt32BE(pageSize, 8);
  salt.copy(header, 16);
  let sums = checksum(header.subarray(0, 24), [0, 0], true);
  writeSum(header, 24, sums);
  const frames = all.slice(0, end).filter(sane);
  for (const frame of frames) {
    salt.copy(frame, 8);
    sums = sumOfFrame(frame, sums, true);
    writeSum(frame, 16, sums);
  }
  writeFileSync(log, Buffer.concat([header, ...frames]));
}

function* framesOf(log: Buffer, pageSize: number): Generator<Buffer> {
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes)
    yield log.subarray(at, at + frameBytes);
}

function isHeader(header: Buffer): boolean {
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return false;
  const sums = checksum(header.subarray(0, 24), [0, 0], (magic & 1) === 0);
  return equal(sums, [header.readUInt32BE(24), header.readUInt32BE(28)]);
}

function storedSum(frame: Buffer): Sums {
  return [frame.readUInt32BE(16), frame.readUInt32BE(20)];
}

/** Over the first eight bytes of its header and the page. */
function sumOfFrame(frame: Buffer, before: Sums, little: boolean): Sums {
  return checksum(frame.subarray(FRAME_HEADER_BYTES), checksum(frame.subarray(0, 8), before, little), little);
}

function checksum(bytes: Buffer, before: Sums, little: boolean): Sums {
  let [a, b] = before;
  for (let at = 0; at < bytes.length; at += 8) {
    const [first, second] = little
      ? [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)]
      : [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    a = (a + first + b) >>> 0;
    b = (b + second + a) >>> 0;
  }
  return [a, b];
}

function writeSum(bytes: Buffer, at: number, [a, b]: Sums): void {
  bytes.writeUInt32BE(a, at);
  bytes.writeUInt32BE(b, at + 4);
}

function equal([a, b]: Sums, [c, d]: Sums): boolean {
  return a === c && b === d;
}

/** Gets fewer bytes than it asks for where the file ends before. */
type ReadAt = (position: number, length: number) => Buffer;

/** Undefined when there is no such file. SQLite locks its other files, not this one: closing those would give the locks away. */
function readFrom<T>(name: string, read: (readAt: ReadAt) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(name, 'r');
  } catch {
    return undefined;
  }
  try {
    return read((position, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
    });
  } finally {
    closeSync(fd);
  }
}
