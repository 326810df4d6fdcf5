import { IntegrityError } from '../../base/errors.ts';

/**
 * Paths inside a layer: relative, without `.`, `..`, empty parts or a trailing slash; the root is ''. Names are bytes, kept as latin1
 * text (a character per byte).
 */
export function cleanEntryPath(name: string): string {
  if (SIMPLE.test(name)) return name;
  if (name.includes('\0')) throw new IntegrityError('its name contains NUL');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw new IntegrityError('its name leads out of the layer');
  }
  const path = parts.join('/');
  if (path.length >= PATH_MAX) throw new IntegrityError(`its name is longer than ${PATH_MAX - 1} bytes`);
  if (parts.some((part) => part.length > NAME_MAX))
    throw new IntegrityError(`a part of its name is longer than ${NAME_MAX} bytes`);
  return path;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(parent: string, base: string): string {
  return parent === '' ? base : `${parent}/${base}`;
}

/** For system calls: UTF-8 and latin1 differ beyond ASCII. */
export function pathBytes(path: string): string | Buffer {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1');
}

/** For messages. */
export function printablePath(path: string): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString('utf8'));
}

const PATH_MAX = 4096;
const NAME_MAX = 255;
const ASCII = /^[\x01-\x7f]*$/;
/** Short, no leading dot in any part (so neither `.` nor `..`), no empty part: nothing to clean. */
const SIMPLE = /^(?=.{1,255}$)[\w+@%~,=-][\w+@%~,=.-]*(?:\/[\w+@%~,=-][\w+@%~,=.-]*)*$/;
