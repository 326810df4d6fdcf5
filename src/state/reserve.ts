import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Enough for the log of some hundred removals. */
const SIZE = 256 * 1024;

/**
 * Space kept beside the state DB, to be given up when the disk is full and somebody removes things: a removal has to write
 * before it frees anything. Made again as soon as there is room.
 */
export function ensureReserve(database: string): void {
  const path = reservePath(database);
  if (existsSync(path)) return;
  try {
    // Not zeros: some file systems would store nothing.
    writeFileSync(path, randomBytes(SIZE), { mode: 0o600 });
  } catch {
    rmSync(path, { force: true });
  }
}

/** False when it was given up already. */
export function giveUpReserve(database: string): boolean {
  const path = reservePath(database);
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}

function reservePath(database: string): string {
  return `${database}-reserve`;
}
