import { constants, readdirSync } from 'node:fs';
import { errnoOf, IntegrityError } from '../../base/errors.ts';
import { AT_SYMLINK_NOFOLLOW, type RawStat, type Syscalls } from '../../native/syscalls.ts';
import type { DirectoryCache, LayerDirectory } from './directory-cache.ts';
import { joinPath, parentOf, pathBytes } from './entry-path.ts';
import type { UnpackJob } from './unpack-job.ts';

/** Carries out the tar's `.wh.` entries. They speak of lower layers only, never of what the same tar has brought. */
export interface Whiteouts {
  apply(parent: LayerDirectory, base: string, owner: { uid: number; gid: number }): void;
  /** Hides what lower layers have in that directory. */
  makeOpaque(parent: LayerDirectory, base: string): void;
  /** The tar has brought this path. */
  made(path: string): void;
}

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
const RESERVED = '.wh..wh.';

export function whiteoutsFor(system: Syscalls, job: UnpackJob, cache: DirectoryCache): Whiteouts {
  const style = job.whiteouts;
  return style.kind === 'overlay'
    ? overlayWhiteouts(system, style.opaqueXattrs)
    : deletingWhiteouts(system, cache);
}

/** The form in which union file systems keep a whiteout. */
export function isWhiteout(stat: RawStat | undefined): boolean {
  return (
    stat !== undefined &&
    (stat.mode & constants.S_IFMT) === constants.S_IFCHR &&
    stat.rdevMajor === 0 &&
    stat.rdevMinor === 0
  );
}

function overlayWhiteouts(system: Syscalls, opaqueXattrs: readonly string[]): Whiteouts {
  const makeOpaque = (parent: LayerDirectory, base: string): void => {
    const prefix = Buffer.from(`/proc/self/fd/${parent.fd}/`);
    const path = Buffer.concat([prefix, Buffer.from(pathBytes(base === '' ? '.' : base))]);
    for (const name of opaqueXattrs) system.lsetxattr(path, name, Buffer.from('y'));
  };
  return {
    makeOpaque,
    made: () => {},
    apply(parent, base, owner) {
      if (base === OPAQUE) {
        makeOpaque(parent, '');
        return;
      }
      const target = targetOf(base);
      if (target === undefined) return;
      const name = pathBytes(target);
      const existing = system.lstatat(parent.fd, name);
      if (existing === undefined) {
        system.mknodat(parent.fd, name, constants.S_IFCHR, 0, 0);
        chownIfPossible(system, parent, name, owner);
      } else if ((existing.mode & constants.S_IFMT) === constants.S_IFDIR) {
        makeOpaque(parent, target);
      }
      // Any other thing of this tar hides the lower one already.
    },
  };
}

function deletingWhiteouts(system: Syscalls, cache: DirectoryCache): Whiteouts {
  const brought = new Set<string>();
  /** Deletes what is not of this tar; true when nothing is left. */
  const purge = (path: string, parent: LayerDirectory, base: string): void => {
    if (!brought.has(path)) {
      system.removeTreeAt(parent.fd, pathBytes(base));
      return;
    }
    const stat = system.lstatat(parent.fd, pathBytes(base));
    if (stat !== undefined && (stat.mode & constants.S_IFMT) === constants.S_IFDIR) purgeInside(path);
  };
  const purgeInside = (path: string): void => {
    const directory = cache.find(path);
    if (directory === undefined) return;
    const names = readdirSync(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' });
    for (const name of names) {
      const base = name.toString('latin1');
      // Purging deeper levels may have closed this descriptor.
      const again = cache.find(path);
      if (again !== undefined) purge(joinPath(path, base), again, base);
    }
  };
  return {
    makeOpaque: (parent, base) => purgeInside(joinPath(parent.path, base)),
    made(path) {
      for (let part = path; part !== '' && !brought.has(part); part = parentOf(part)) brought.add(part);
    },
    apply(parent, base) {
      if (base === OPAQUE) {
        const { path } = parent;
        purgeInside(path);
        cache.forget();
        return;
      }
      const target = targetOf(base);
      if (target === undefined) return;
      purge(joinPath(parent.path, target), parent, target);
      cache.forget();
    },
  };
}

/** Undefined for aufs's own bookkeeping, which means nothing here. */
function targetOf(base: string): string | undefined {
  if (base.startsWith(RESERVED)) return undefined;
  const target = base.slice(PREFIX.length);
  if (target === '' || target === '.' || target === '..')
    throw new IntegrityError('a whiteout does not name a file');
  return target;
}

function chownIfPossible(
  system: Syscalls,
  parent: LayerDirectory,
  name: string | Buffer,
  owner: { uid: number; gid: number },
): void {
  try {
    system.fchownat(parent.fd, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW);
  } catch (error) {
    // Nobody sees a whiteout's owner; one without a number in this namespace stays root's.
    if (errnoOf(error) !== 'EINVAL') throw error;
  }
}
