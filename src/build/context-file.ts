import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, InvalidSpecError } from '../base/errors.ts';
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, type Syscalls } from '../native/syscalls.ts';

const LARGEST = 16 << 20;

/** A text within a context that may be hostile: links lead nowhere outside. Undefined when there is no such file. */
export function readContextFile(system: Syscalls, directory: string, path: string): string | undefined {
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    const fd = system.openat2(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    try {
      return readText(fd, path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  } finally {
    closeSync(root);
  }
}

/** A file that the user has named; undefined when there is none. */
export function readNamedFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    // Process substitution hands out pipes.
    return fstatSync(fd).isFIFO() ? readFileSync(fd, 'utf8') : readText(fd, path);
  } finally {
    closeSync(fd);
  }
}

function readText(fd: number, path: string): string {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new InvalidSpecError(`${path} is not a regular file`);
  if (stat.size > LARGEST) throw new InvalidSpecError(`${path} is larger than 16 MiB`);
  return readFileSync(fd, 'utf8');
}
