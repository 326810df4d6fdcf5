import { posix } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { trimEndOf } from '../base/trim-end.ts';

/** Absolute and normalised, without a slash at the end. */
export function containerPath(path: string): string {
  if (!path.startsWith('/'))
    throw new InvalidSpecError(`invalid container path "${path}", must be an absolute path`);
  if (path.includes('\0')) throw new InvalidSpecError('invalid container path: has a NUL character');
  const normal = posix.normalize(path);
  const clean = normal.length > 1 ? trimEndOf(normal, '/') : normal;
  if (clean === '/') throw new InvalidSpecError(`invalid container path "${path}": must not be the root`);
  return clean;
}
