import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { StorageError, UsageError, messageOf } from '../../base/errors.ts';
import { printBytes } from './print.ts';

/**
 * Writes pieces to a file, which appears when it is complete, or to stdout; a terminal is refused. Links are followed; what is no
 * regular file (`/dev/null`, a pipe) is written to as it is.
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
  const isDevice = isNoFile(path);
  const place = isDevice ? path : behindLinks(path);
  const target = isDevice ? path : `${place}.${process.pid}.tmp`;
  let fd: number;
  try {
    fd = openSync(target, isDevice ? 'w' : 'wx', 0o600);
  } catch (error) {
    throw new StorageError(`cannot write ${path}: ${messageOf(error).replace(target, path)}`, {
      cause: error,
    });
  }
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
    if (!isDevice) renameSync(target, place);
  } catch (error) {
    if (!isDevice) rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function isNoFile(path: string): boolean {
  if (path.startsWith('/dev/') || path.startsWith('/proc/')) return true;
  try {
    return !statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What is not there yet, or cannot be looked at, the opening tells. */
function behindLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
