import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { isRootless } from '../rootless/namespace.ts';

const MOST_ENTRIES = 20_000;

/**
 * After a failed removal below the directory: whether it was the owner of something there, an id that the user's namespace has no number
 * for since its ranges were changed. Says so, and what helps; undefined: it was something else.
 */
export function explainUnmapped(directory: string, error: unknown): string | undefined {
  if (!isRootless() || !REFUSALS.has(errnoOf(error) ?? '')) return undefined;
  const path = findUnmapped(directory, overflowId());
  if (path === undefined) return undefined;
  return (
    `${path} belongs to a subordinate id that you no longer have: the ranges in /etc/subuid and /etc/subgid are others than when it was written, ` +
    'and the kernel lets a user map the ids of today only. Either put the old ranges back there, run `tspod system migrate` and repeat this, ' +
    `or let root delete it: sudo rm -rf ${directory}`
  );
}

const REFUSALS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOTEMPTY']);

/** What the kernel shows for an owner without a number here; a file may also really be its. */
function overflowId(): number {
  return Number(readFileSync('/proc/sys/fs/overflowuid', 'utf8'));
}

function findUnmapped(top: string, overflow: number): string | undefined {
  const waiting = [top];
  for (let seen = 0; waiting.length > 0 && seen < MOST_ENTRIES; ) {
    const directory = waiting.pop() ?? top;
    let entries: string[] = [];
    try {
      entries = readdirSync(directory);
    } catch {
      // Nobody else's either, if it may not be read.
    }
    for (const name of entries) {
      seen++;
      const path = join(directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (
        (stat.uid === overflow || stat.gid === overflow) &&
        !stat.isSymbolicLink() &&
        isRefused(path, stat.mode)
      )
        return path;
      if (stat.isDirectory()) waiting.push(path);
    }
  }
  return undefined;
}

/** Our powers reach every file whose owner has a number here. */
function isRefused(path: string, mode: number): boolean {
  try {
    chmodSync(path, mode & 0o7777);
    return false;
  } catch {
    return true;
  }
}
