import { constants } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { AT_REMOVEDIR, type Syscalls } from '../native/syscalls.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { joinPath, pathBytes } from '../storage/unpack/entry-path.ts';
import { nameBytes, resolveInRoot } from './in-root.ts';

/** What the runtime will make in a root file system for things to be mounted on. */
export interface MountPoints {
  /** Deepest first. */
  made: readonly string[];
  /** Directories that get something new for a while. */
  touched: ReadonlySet<string>;
}

/** Of every container, whatever is asked for. */
const ALWAYS = [
  '/proc',
  '/dev',
  '/sys',
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/hostname',
  '/run/.containerenv',
];

/** To be called before the container runs, with its root file system mounted. */
export function findMountPoints(system: Syscalls, root: number, spec: ContainerSpec): MountPoints {
  const made = new Set<string>();
  const touched = new Set<string>();
  for (const destination of [...ALWAYS, ...spec.mounts.map((mount) => mount.destination)]) {
    const { path, missing } = resolveInRoot(system, root, nameBytes(destination));
    if (missing.length === 0) continue;
    touched.add(path);
    let at = path;
    for (const part of missing) {
      at = joinPath(at, part);
      made.add(at);
    }
  }
  return { made: [...made].sort((a, b) => b.length - a.length), touched };
}

/** Takes away what is as the runtime has made it: empty. */
export function removeMountPoints(system: Syscalls, root: number, { made }: MountPoints): void {
  for (const path of made) {
    const stat = system.lstatat(root, pathBytes(path));
    if (stat === undefined) continue;
    const format = stat.mode & constants.S_IFMT;
    try {
      if (format === constants.S_IFDIR) system.unlinkat(root, pathBytes(path), AT_REMOVEDIR);
      else if (format === constants.S_IFREG && stat.size === 0) system.unlinkat(root, pathBytes(path), 0);
    } catch (error) {
      // The command has put something into it.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}
