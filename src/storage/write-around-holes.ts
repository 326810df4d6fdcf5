import { writeSync } from 'node:fs';

/** In steps of it zeros are looked for. */
const BLOCK = 4096;
/** Fewer zeros in the middle of other bytes are written: many small holes cost more than they save. */
const SMALLEST_HOLE = 4 * BLOCK;
const ZEROS = Buffer.alloc(BLOCK);

/**
 * Writes a piece into a file that has nothing there yet, and leaves out where there are only zeros: archives do not tell holes from zeros,
 * and a sparse file must not fill the disk. Returns the end of what was written; the caller sets the file's length when that is short of it.
 */
export function writeAroundHoles(fd: number, data: Buffer, position: number): number {
  if (data.length < SMALLEST_HOLE) return writeAll(fd, data, position);
  let written = 0;
  let dataStart = 0;
  let at = 0;
  while (at < data.length) {
    const end = endOfZeros(data, at);
    const isHole = end - at >= SMALLEST_HOLE || (end > at && (at === 0 || end === data.length));
    if (isHole) {
      if (at > dataStart) written = writeAll(fd, data.subarray(dataStart, at), position + dataStart);
      dataStart = end;
    }
    at = Math.max(end, at + BLOCK);
  }
  if (dataStart < data.length) written = writeAll(fd, data.subarray(dataStart), position + dataStart);
  return written;
}

function endOfZeros(data: Buffer, from: number): number {
  let at = from;
  while (at < data.length && isZero(data, at)) at += BLOCK;
  return Math.min(at, data.length);
}

function isZero(data: Buffer, at: number): boolean {
  const length = Math.min(BLOCK, data.length - at);
  return data[at] === 0 && ZEROS.compare(data, at, at + length, 0, length) === 0;
}

function writeAll(fd: number, data: Buffer, position: number): number {
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at, position + at);
  return position + data.length;
}
