import { closeSync, constants, readdirSync } from 'node:fs';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, type RawStat, type Syscalls } from '../native/syscalls.ts';
import { openBeneath, openLayerRoots } from './lower-layers.ts';
import { joinPath, pathBytes } from './unpack/entry-path.ts';

/** Bytes on disk beneath a path as du counts them: each inode once, mounts not entered. Missing counts 0. */
export function diskUsage(system: Syscalls, path: string): Promise<number> {
  return sumBelow(system, path, ({ blocks }) => blocks * 512);
}

/** What the files beneath a path contain, as podman and docker count it: directories count nothing, so that an untouched tree has 0. */
export function contentSize(system: Syscalls, path: string): Promise<number> {
  return sumBelow(system, path, (stat) => (isDirectory(stat) ? 0 : stat.size));
}

async function sumBelow(system: Syscalls, path: string, bytesOf: (stat: RawStat) => number): Promise<number> {
  const start = system.lstatat(AT_FDCWD, path);
  if (start === undefined) return 0;
  const turn = turns();
  const seen = new Set<bigint>();
  let total = bytesOf(start);
  const pending: string[] = isDirectory(start) ? [''] : [];
  if (pending.length === 0) return total;
  const [root = -1] = openLayerRoots(system, [path]);
  try {
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      // Containers may exchange what is beneath meanwhile: no link is followed.
      const fd = openBeneath(system, root, next);
      if (typeof fd !== 'number') continue;
      try {
        for (const name of readdirSync(`/proc/self/fd/${fd}/.`, { encoding: 'latin1' })) {
          await turn();
          const stat = system.lstatat(fd, pathBytes(name));
          if (stat === undefined || stat.dev !== start.dev) continue;
          if (isDirectory(stat)) pending.push(joinPath(next, name));
          else if (stat.nlink > 1) {
            if (seen.has(stat.ino)) continue;
            seen.add(stat.ino);
          }
          total += bytesOf(stat);
        }
      } finally {
        closeSync(fd);
      }
    }
  } finally {
    closeSync(root);
  }
  return total;
}

function isDirectory({ mode }: RawStat): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFDIR;
}
