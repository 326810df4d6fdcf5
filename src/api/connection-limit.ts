import { readFileSync } from 'node:fs';

/** What a few requests at once need: the database, pipes of programs, files of images. */
const RESERVED = 128;

/**
 * How many connections there may be, so that those who are served can still open files. The kernel does not tell a client more than that the
 * connection is closed.
 */
export function connectionLimit(limits = readFileSync('/proc/self/limits', 'utf8')): number {
  const openFiles = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(Math.ceil(openFiles / 2), openFiles - RESERVED);
}
