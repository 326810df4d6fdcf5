import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { StorageError, UsageError, messageOf } from '../../base/errors.ts';
import { printBytes } from './print.ts';

/**
 * Writes pieces to a file, which appears when it is complete, or to stdout; a terminal is refused. What is no regular file
 * (`/dev/null`, a pipe) is written to as it is.
 */
export function writeArchive(pieces: Iterable<Buffer>, path: string | undefined): void {
  if (path === undefined || path === '-' || path === '/dev/stdout') {
    if (process.stdout.isTTY)
      throw new UsageError('refusing to write an archive to a terminal', {
        hint: 'use --output FILE, or redirect',
      });
    for (const piece of pieces) printBytes(1, piece);
    return;
  }
  const isDevice = path.startsWith('/dev/') || path.startsWith('/proc/');
  const target = isDevice ? path : `${path}.${process.pid}.tmp`;
  let fd: number;
  try {
    fd = openSync(target, isDevice ? 'w' : 'wx', 0o600);
  } catch (error) {
    throw new StorageError(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
    if (!isDevice) renameSync(target, path);
  } catch (error) {
    if (!isDevice) rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
