import { closeSync, openSync, readSync } from 'node:fs';

/**
 * What SQLite keeps beside its log to find its way in it (https://sqlite.org/walformat.html): two copies of a header, then how many
 * frames of the log have reached the DB. Numbers have the byte order of the machine; both that we run on are little-endian.
 */
const HEADER_BYTES = 48;
const SALT_AT = 32;
const MOST_FRAME_AT = 16;
const IS_INIT_AT = 12;
const BACKFILLED_AT = 2 * HEADER_BYTES;
const LOG_SALT_AT = 16;
const SALT_BYTES = 8;

/** Whether all that the log holds is in the DB, so that nothing is lost with it. Of a log that nobody writes to; false when it cannot be known. */
export function isBackfilled(log: string, index: string): boolean {
  const header = readStart(index, BACKFILLED_AT + 4);
  const ofLog = readStart(log, LOG_SALT_AT + SALT_BYTES);
  if (header === undefined || ofLog === undefined) return false;
  const [first, second] = [header.subarray(0, HEADER_BYTES), header.subarray(HEADER_BYTES, BACKFILLED_AT)];
  if (!first.equals(second) || first[IS_INIT_AT] !== 1) return false;
  if (!first.subarray(SALT_AT, SALT_AT + SALT_BYTES).equals(ofLog.subarray(LOG_SALT_AT))) return false;
  const frames = first.readUInt32LE(MOST_FRAME_AT);
  return frames > 0 && header.readUInt32LE(BACKFILLED_AT) === frames;
}

function readStart(file: string, bytes: number): Buffer | undefined {
  try {
    const fd = openSync(file, 'r');
    try {
      const start = Buffer.alloc(bytes);
      return readSync(fd, start, 0, bytes, 0) === bytes ? start : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
