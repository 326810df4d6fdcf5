import { createHash } from 'node:crypto';
import { closeSync, constants } from 'node:fs';
import { turns } from '../base/turns.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { baseOf, parentOf, pathBytes } from '../storage/unpack/entry-path.ts';
import type { FileDigests } from './file-digests.ts';
import {
  openSource,
  openSourcePath,
  type SourceItem,
  type SourceListing,
  type SourceTree,
} from './source-tree.ts';

/** Attributes that mean something only where they are. */
const LOCAL_XATTR = /^(?:(?:trusted|user)\.overlay\.|user\.fuseoverlayfs\.|security\.selinux$|system\.)/;

export interface DigestOptions {
  /** Without it the time of a change, and who owns a file, do not count: copying gives files to root. */
  owners: boolean;
}

/** One digest for names, kinds, modes and contents of all that is listed; equal ones copy to the same files. */
export async function digestListing(
  system: Syscalls,
  tree: SourceTree,
  listing: SourceListing,
  use: { digests: FileDigests; options: DigestOptions },
): Promise<string> {
  const turn = turns();
  const hash = createHash('sha256');
  const names = new Map<string, string>();
  hash.update(`${listing.roots} ${listing.isSingleFile}\n`);
  for (const item of listing.items) {
    await turn();
    const { stat, target } = item;
    const facts: (string | number)[] = [target, stat.mode];
    if (use.options.owners) facts.push(stat.uid, stat.gid);
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? names.get(inode) : undefined;
    if (stat.nlink > 1 && first === undefined) names.set(inode, target);
    facts.push(
      first ?? '',
      ...(await contentFacts(system, tree, item, use.digests)),
      ...xattrFacts(system, tree, item),
    );
    hash.update(`${JSON.stringify(facts)}\n`);
  }
  return hash.digest('hex');
}

async function contentFacts(
  system: Syscalls,
  tree: SourceTree,
  { path, stat }: SourceItem,
  digests: FileDigests,
): Promise<(string | number)[]> {
  const format = stat.mode & constants.S_IFMT;
  if (format === constants.S_IFREG) {
    let fd: number | undefined;
    try {
      return [
        await digests.of(stat, () => {
          fd = openSource(system, tree, path);
          return fd;
        }),
      ];
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  if (format === constants.S_IFLNK) return [system.readlinkat(tree.root, pathBytes(path)).toString('latin1')];
  if (format === constants.S_IFCHR || format === constants.S_IFBLK) return [stat.rdevMajor, stat.rdevMinor];
  return [];
}

function xattrFacts(system: Syscalls, tree: SourceTree, item: SourceItem): string[] {
  return xattrsOf(system, tree, item).flatMap(([name, value]) => [name, value.toString('base64')]);
}

/** Those that go with a copy, sorted by name. */
export function xattrsOf(system: Syscalls, tree: SourceTree, { path }: SourceItem): [string, Buffer][] {
  const quick = namesAt(system, pathBelow(tree.root, path));
  if (quick.length === 0) return [];
  // That may have followed a link that was just put on the way: only what is found without following any counts.
  const parent = openSourcePath(system, tree, parentOf(path));
  try {
    const at = pathBelow(parent, path === '' ? '.' : baseOf(path));
    return namesAt(system, at).flatMap((name): [string, Buffer][] => {
      const value = system.lgetxattr(at, name);
      return value === undefined ? [] : [[name, value]];
    });
  } finally {
    closeSync(parent);
  }
}

function namesAt(system: Syscalls, path: Buffer): string[] {
  return system
    .llistxattr(path)
    .filter((name) => !LOCAL_XATTR.test(name))
    .sort();
}

function pathBelow(fd: number, path: string): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}/${path === '' ? '.' : path}`, 'latin1');
}
