import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crashPoint } from './crash-point.ts';
import { errnoOf } from './errors.ts';

export interface WriteOptions {
  mode?: number;
  /** False where the file only lives in the run root and may vanish with a power cut. Default true. */
  durable?: boolean;
}

let serial = 0;

/** Replaces `path` as a whole: readers see the old or the new content, never a part. */
export function writeFileAtomic(path: string, data: string | Uint8Array, options: WriteOptions = {}): void {
  const temporary = `${path}.tmp-${process.pid}-${serial++}`;
  const durable = options.durable ?? true;
  const fd = openSync(temporary, 'wx', options.mode ?? 0o600);
  try {
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(fd, bytes, offset);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    crashPoint('atomic-file-before-rename');
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It may be gone already; the first error is the one to report.
    }
    throw naming(error, path);
  }
  if (durable) syncDirectory(dirname(path));
}

/** A system error of what knows only a descriptor (`write`, `fsync`), with the file that was to be written. */
function naming(error: unknown, path: string): unknown {
  if (error instanceof Error && errnoOf(error) !== undefined && !('path' in error))
    error.message += ` '${path}'`;
  return error;
}

/** Makes renames and creations in `directory` survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
