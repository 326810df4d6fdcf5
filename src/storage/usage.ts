import { constants, readdirSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, type RawStat, type Syscalls } from '../native/syscalls.ts';

/** Bytes on disk beneath a path as du counts them: each inode once, mounts not entered. Missing counts 0. */
export function diskUsage(system: Syscalls, path: string): Promise<number> {
  return sumBelow(system, path, ({ blocks }) => blocks * 512);
}

/** What the files beneath a path contain, as podman and docker count it: directories count nothing, so that an untouched tree has 0. */
export function contentSize(system: Syscalls, path: string): Promise<number> {
  return sumBelow(system, path, ({ mode, size }) =>
    (mode & constants.S_IFMT) === constants.S_IFDIR ? 0 : size,
  );
}

async function sumBelow(system: Syscalls, path: string, bytesOf: (stat: RawStat) => number): Promise<number> {
  const start = system.lstatat(AT_FDCWD, path);
  if (start === undefined) return 0;
  const turn = turns();
  const seen = new Set<bigint>();
  let total = 0;
  const pending: Buffer[] = [Buffer.from(path)];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await turn();
    const stat = system.lstatat(AT_FDCWD, next);
    if (stat === undefined || stat.dev !== start.dev) continue;
    const isDirectory = (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
    if (!isDirectory && stat.nlink > 1) {
      if (seen.has(stat.ino)) continue;
      seen.add(stat.ino);
    }
    total += bytesOf(stat);
    if (isDirectory) for (const name of namesIn(next)) pending.push(Buffer.concat([next, SLASH, name]));
  }
  return total;
}

function namesIn(directory: Buffer): Buffer[] {
  try {
    return readdirSync(directory, { encoding: 'buffer' });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

const SLASH = Buffer.from('/');
