import { closeSync, constants, readdirSync } from 'node:fs';
import { errnoOf, NotFoundError } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { O_PATH } from '../native/syscalls.ts';
import type { RawStat, Syscalls } from '../native/syscalls.ts';
import { baseOf, joinPath, pathBytes } from '../storage/unpack/entry-path.ts';
import { nameBytes, nameText, openStrict, resolveInRoot } from './in-root.ts';
import type { IgnoreMatcher } from './ignore-file.ts';
import { hasWildcard, matchesPart } from './wildcard.ts';

/** What files are copied from: the context, a stage, an image, another directory. */
export interface SourceTree {
  directory: string;
  /** Of `directory`, open. */
  root: number;
  /** By the ignore file of a context. */
  ignored: IgnoreMatcher | undefined;
  /** Names it in messages. */
  label: string;
}

/** One file or directory to be copied. Paths are latin1 text. */
export interface SourceItem {
  /** In the tree, without links on the way. */
  path: string;
  /** Beneath the destination; '' is the destination itself. */
  target: string;
  stat: RawStat;
}

export interface SourceWish {
  sources: readonly string[];
  /** More patterns, as in an ignore file. */
  excluded: IgnoreMatcher | undefined;
  /** Keeps the directories of the sources. */
  parents: boolean;
}

/** What the sources come to: `root` tells what the destination has to be. */
export interface SourceListing {
  items: SourceItem[];
  /** How many things were named; wildcards count what they match. */
  roots: number;
  /** The only source is a file. */
  isSingleFile: boolean;
}

type Turn = ReturnType<typeof turns>;

/** All files that the sources stand for, directories before what is in them, names in byte order. */
export async function listSources(
  system: Syscalls,
  tree: SourceTree,
  wish: SourceWish,
): Promise<SourceListing> {
  const listing: SourceListing = { items: [], roots: 0, isSingleFile: false };
  const turn = turns();
  for (const source of wish.sources) {
    const found = await expand(system, tree, source, turn);
    const before = listing.roots;
    for (const path of found) await addRoot(system, tree, wish, { listing, path, source, turn });
    if (listing.roots === before && !(hasWildcard(source) && found.length > 0))
      throw nothingThere(tree, source);
  }
  const [first] = listing.items;
  listing.isSingleFile =
    listing.roots === 1 && listing.items.length === 1 && first !== undefined && !isDirectory(first.stat);
  return listing;
}

function nothingThere(tree: SourceTree, source: string): NotFoundError {
  const path = nameBytes(source).replace(/^\/+/, '');
  const hidden = tree.ignored?.ignores(nameText(path)) === true;
  return new NotFoundError('file' as never, source, {
    message: `no items matching ${JSON.stringify(source)} in ${tree.label}: no such file or directory`,
    ...(hidden ? { hint: 'the ignore file of the context leaves it out' } : {}),
  });
}

interface Root {
  listing: SourceListing;
  path: string;
  source: string;
  turn: Turn;
}

async function addRoot(system: Syscalls, tree: SourceTree, wish: SourceWish, root: Root): Promise<void> {
  const { listing } = root;
  const resolved = resolveInRoot(system, tree.root, root.path);
  if (resolved.missing.length > 0) return;
  const stat = system.lstatat(tree.root, resolved.path === '' ? '.' : pathBytes(resolved.path));
  if (stat === undefined) return;
  const isLeftOut = leavesOut(tree, wish, resolved.path);
  const prefix = wish.parents ? parentsOf(root.source, root.path) : '';
  if (!isDirectory(stat)) {
    if (isLeftOut(resolved.path)) return;
    listing.roots += 1;
    listing.items.push({ path: resolved.path, target: wish.parents ? prefix : baseOf(root.path), stat });
    return;
  }
  listing.roots += 1;
  listing.items.push({ path: resolved.path, target: prefix, stat });
  const hasExceptions = tree.ignored?.hasExceptions === true || wish.excluded?.hasExceptions === true;
  await listDirectory(system, tree, {
    from: resolved.path,
    to: prefix,
    isLeftOut,
    hasExceptions,
    items: listing.items,
    turn: root.turn,
  });
}

/** With --parents the whole path is kept, or what follows `/./` in it. */
function parentsOf(source: string, path: string): string {
  const pivot = source.indexOf('/./');
  const clean = path.split('/').filter((part) => part !== '' && part !== '.');
  if (pivot < 0) return clean.join('/');
  const before = source
    .slice(0, pivot)
    .split('/')
    .filter((part) => part !== '' && part !== '.').length;
  return clean.slice(before).join('/');
}

function leavesOut(tree: SourceTree, wish: SourceWish, start: string): (path: string) => boolean {
  const { ignored } = tree;
  const { excluded } = wish;
  const inside = start === '' ? 0 : start.length + 1;
  return (path) => {
    if (path === '') return false;
    if (ignored?.ignores(nameText(path)) === true) return true;
    if (excluded === undefined) return false;
    return (
      excluded.ignores(nameText(path)) ||
      (path.length > inside && excluded.ignores(nameText(path.slice(inside))))
    );
  };
}

interface Walk {
  from: string;
  to: string;
  isLeftOut: (path: string) => boolean;
  /** Something in a directory that is left out may be wanted. */
  hasExceptions: boolean;
  items: SourceItem[];
  turn: Turn;
}

/** A directory that is left out may hold files that are not (`!` in the ignore file): it is listed when one of them is. */
async function listDirectory(system: Syscalls, tree: SourceTree, walk: Walk): Promise<void> {
  const fd = openStrict(system, tree.root, walk.from, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const name of namesOf(fd)) {
      await walk.turn();
      const stat = system.lstatat(fd, pathBytes(name));
      if (stat === undefined) continue;
      const item = { path: joinPath(walk.from, name), target: joinPath(walk.to, name), stat };
      const isLeftOut = walk.isLeftOut(item.path);
      if (!isDirectory(stat)) {
        if (!isLeftOut && (stat.mode & constants.S_IFMT) !== constants.S_IFSOCK) walk.items.push(item);
        continue;
      }
      if (isLeftOut && !walk.hasExceptions) continue;
      const before = walk.items.length;
      walk.items.push(item);
      await listDirectory(system, tree, { ...walk, from: item.path, to: item.target });
      if (isLeftOut && walk.items.length === before + 1) walk.items.pop();
    }
  } finally {
    closeSync(fd);
  }
}

/** Paths of the tree that a source stands for. */
async function expand(system: Syscalls, tree: SourceTree, source: string, turn: Turn): Promise<string[]> {
  const parts = nameBytes(source)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (!hasWildcard(source)) return [parts.join('/')];
  let found = [''];
  for (const part of parts) {
    if (!hasWildcard(part)) found = found.map((path) => joinPath(path, part));
    else {
      const matches: string[] = [];
      for (const path of found)
        matches.push(...(await matching(system, tree, { path, pattern: part, turn })));
      found = matches;
    }
  }
  return found;
}

async function matching(
  system: Syscalls,
  tree: SourceTree,
  { path, pattern, turn }: { path: string; pattern: string; turn: Turn },
): Promise<string[]> {
  const resolved = resolveInRoot(system, tree.root, path);
  if (resolved.missing.length > 0) return [];
  if (pattern === '**') return [path, ...(await directoriesBelow(system, tree, path, turn))];
  let fd: number;
  try {
    fd = openStrict(system, tree.root, resolved.path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
  try {
    return namesOf(fd)
      .filter((name) => matchesPart(pattern, name))
      .map((name) => joinPath(path, name));
  } finally {
    closeSync(fd);
  }
}

async function directoriesBelow(
  system: Syscalls,
  tree: SourceTree,
  path: string,
  turn: Turn,
): Promise<string[]> {
  const items: SourceItem[] = [];
  const all = { isLeftOut: () => false, hasExceptions: false };
  await listDirectory(system, tree, { from: path, to: path, ...all, items, turn });
  return items.filter(({ stat }) => isDirectory(stat)).map((item) => item.path);
}

function namesOf(directory: number): string[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'buffer' })
    .map((name) => name.toString('latin1'))
    .sort();
}

export function isDirectory(stat: RawStat): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
}

/** For reading its content; the caller closes it. A name that has become something else meanwhile is not followed. */
export function openSource(system: Syscalls, tree: SourceTree, path: string): number {
  return openStrict(system, tree.root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
}

/** For its attributes alone. */
export function openSourcePath(system: Syscalls, tree: SourceTree, path: string): number {
  return openStrict(system, tree.root, path, O_PATH | constants.O_NOFOLLOW);
}
