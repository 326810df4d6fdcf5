import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Enough for the log of some hundred removals. */
const SIZE = 256 * 1024;
/** Given up at a time: whoever fills the disk would take what is free and not needed. */
const STEP = 32 * 1024;

/** Bytes that are for removals alone; what may free space, and may not, can have the rest. */
export const FOR_REMOVALS = SIZE / 2;

/**
 * Space kept beside the state DB, to be given up when the disk is full and somebody removes things: a removal has to write
 * before it frees anything. Made again as soon as there is room, from half of it: whoever has freed some wants to go on with it.
 */
export function ensureReserve(database: string): void {
  const path = reservePath(database);
  const size = sizeOf(path);
  if (size >= SIZE) return;
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    const missing = Math.min(SIZE - size, Math.floor((bavail * bsize) / 2 / STEP) * STEP);
    if (missing <= 0) return;
    // Not zeros: some file systems would store nothing.
    writeFileSync(path, randomBytes(missing), { mode: 0o600, flag: 'a' });
  } catch {
    if (size > 0) truncateSync(path, size);
    else rmSync(path, { force: true });
  }
}

/** Gives a part up; false when not more than `keep` bytes are left. */
export function giveUpReserve(database: string, keep: number): boolean {
  const path = reservePath(database);
  const size = sizeOf(path);
  if (size <= keep) return false;
  truncateSync(path, Math.max(keep, size - STEP));
  return true;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function reservePath(database: string): string {
  return `${database}-reserve`;
}
