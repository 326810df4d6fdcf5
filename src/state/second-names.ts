import { linkSync, rmSync, type Stats, statSync, utimesSync } from 'node:fs';
import { isBackfilled } from './wal-index.ts';

/**
 * Each file of the state DB has a second name beside it, a hard link: whoever deletes one of them by mistake takes a name away and no
 * content, not even while other processes have the DB open. SQLite itself would go on without its log, in the state of some time ago.
 */
const PARTS = ['', '-wal', '-shm'];
const SUFFIX = '-kept';

/** The usual case: three stats. */
export function hasAllNames(path: string): boolean {
  return PARTS.every((part) => (look(path + part)?.nlink ?? 0) > 1);
}

/**
 * Puts names back that are gone. To be called before the DB is opened. `fits` tells whether the log leads from the DB as it is to
 * itself, and is asked when the DB has been written after the log: SQLite deletes the log when the last user closes the DB, and somebody
 * may have put another DB here. False when it does not.
 */
export function restoreNames(path: string, fits: (log: string) => boolean): boolean {
  if (isDone(path)) for (const part of ['-wal', '-shm']) rmSync(path + part + SUFFIX, { force: true });
  for (const part of PARTS) {
    const name = path + part;
    const second = look(name + SUFFIX);
    if (second === undefined || second.size === 0 || look(name) !== undefined) continue;
    if (part === '-wal' && !isNewer(second, path) && !fits(name + SUFFIX)) return false;
    tryLink(name + SUFFIX, name);
  }
  return true;
}

/** For what has got its first name only now. To be called when the DB is open. Without effect where there are no hard links. */
export function giveSecondNames(path: string): void {
  for (const part of PARTS) {
    const name = path + part;
    const first = look(name);
    if (first === undefined || first.nlink > 1) continue;
    rmSync(name + SUFFIX, { force: true });
    tryLink(name, name + SUFFIX);
    // A new name is a change of the DB: the log counts as newer all the same.
    if (part === '') touch(`${path}-wal`);
  }
}

/**
 * Another program (sqlite3) was the last to have the DB open: it has put all of the log into it, has deleted both files, and may have written more
 * since, with a log of its own that is gone likewise.
 */
function isDone(path: string): boolean {
  if (look(`${path}-wal`) !== undefined || look(`${path}-shm`) !== undefined) return false;
  const [first, second] = [look(path), look(path + SUFFIX)];
  if (first === undefined || first.ino !== second?.ino || first.dev !== second.dev) return false;
  return isBackfilled(`${path}-wal${SUFFIX}`, `${path}-shm${SUFFIX}`);
}

/** When the files come to stand for something else. */
export function removeSecondNames(path: string): void {
  for (const part of PARTS) rmSync(path + part + SUFFIX, { force: true });
}

/** Restoring and copying change the time of the inode, whatever they do to that of the content. */
function isNewer(log: Stats, path: string): boolean {
  return log.mtimeMs >= (look(path)?.ctimeMs ?? 0);
}

function look(name: string): Stats | undefined {
  return statSync(name, { throwIfNoEntry: false });
}

function tryLink(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Somebody else was first, the disk is full or read-only, or the file system has no hard links.
  }
}

function touch(name: string): void {
  try {
    const now = new Date();
    utimesSync(name, now, now);
  } catch {
    // There is none yet.
  }
}
