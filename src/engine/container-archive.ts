import { constants } from 'node:fs';
import type { Readable } from 'node:stream';
import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type ContainerFiles, openContainerFiles } from '../libpod/container-files.ts';
import type { RawStat } from '../native/syscalls.ts';
import { collected } from '../storage/collected.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { type FileTree, type FoundFile, isDirectory, isLink } from '../storage/tree/file-tree.ts';
import { baseOf } from '../storage/unpack/entry-path.ts';
import type { Engine } from './engine.ts';
import { withSpooledTar } from './spooled-tar.ts';
import { trimEndOf } from '../base/trim-end.ts';

/** What docker's archive requests tell of a path. */
export interface PathStat {
  name: string;
  size: number;
  /** As Go's os.FileMode has it. */
  mode: number;
  mtime: string;
  linkTarget: string;
}

export type Existing = FoundFile & { stat: RawStat };

/** Throws NotFoundError when there is nothing, InvalidSpecError when it has to be a directory and is none. */
export function findExisting(tree: FileTree, path: string, follow: boolean): Existing {
  const found = tree.find(Buffer.from(path).toString('latin1'), follow);
  const { stat } = found ?? {};
  if (found === undefined || stat === undefined)
    throw new NotFoundError('file', path, {
      message: `${JSON.stringify(path)} could not be found ${tree.where}: no such file or directory`,
    });
  if (found.mustBeDirectory && !isDirectory(stat))
    throw new InvalidSpecError(`${JSON.stringify(path)} ${tree.where} is not a directory`);
  return { ...found, stat };
}

/** The name that a copy gets where the copy's own name was not given: that of the path as typed. */
export function nameOf(path: string, found: FoundFile): string {
  if (/(?:^|\/)\.$/.test(path)) return '.';
  const typed = trimEndOf(path, '/').split('/').at(-1) ?? '';
  return typed === '' || typed === '..' ? baseOf(found.path) || '.' : Buffer.from(typed).toString('latin1');
}

export async function statContainerPath(engine: Engine, id: string, path: string): Promise<PathStat> {
  const files = await openContainerFiles(engine, id);
  try {
    return statOf(files, path);
  } finally {
    files.close();
  }
}

/** The tar of a path, and what it is; the container's files are let go when the stream ends or is destroyed. */
export async function readContainerArchive(
  engine: Engine,
  { id, path }: { id: string; path: string },
  follow = false,
): Promise<{ stat: PathStat; pieces: Iterable<Buffer> }> {
  const files = await openContainerFiles(engine, id);
  try {
    const stat = statOf(files, path);
    const found = findExisting(files.tree, path, follow);
    const ids = files.ids.toContainer;
    const pieces = archiveTree(files.tree, found.path, { name: nameOf(path, found), ids });
    return { stat, pieces: endingWith(collected(pieces), () => files.close()) };
  } catch (error) {
    files.close();
    throw error;
  }
}

export interface WriteArchiveOptions {
  /** What is made belongs to the container's user, not to whom the archive says. */
  toUser: boolean;
  overwrite: boolean;
}

/** Unpacks a tar, compressed or not, into a directory of a container, which exists. */
export async function writeContainerArchive(
  engine: Engine,
  target: { id: string; path: string },
  input: Readable,
  options: WriteArchiveOptions,
): Promise<void> {
  await withSpooledTar(engine, input, async (pull) => {
    const files = await openContainerFiles(engine, target.id);
    try {
      const found = findExisting(files.tree, target.path, true);
      if (!isDirectory(found.stat))
        throw new InvalidSpecError(
          `${JSON.stringify(target.path)} ${files.tree.where} is not a directory: an archive needs one`,
        );
      await extractTree(files.tree, found.path, pull, {
        owner: ownerFor(files, options.toUser),
        devices: true,
        overwrite: options.overwrite,
      });
    } finally {
      files.close();
    }
  });
}

export type Ownership = (entry: { uid: number; gid: number }) => { uid: number; gid: number };

/** Entries name ids as the container sees them. */
export function ownerFor(files: ContainerFiles, toUser: boolean): Ownership {
  if (!toUser) return (entry) => files.ids.toHost({ uid: entry.uid, gid: entry.gid });
  const owner = files.ids.toHost(files.ids.user(files.tree.rootPath));
  return () => owner;
}

function* endingWith(pieces: Iterable<Buffer>, end: () => void): Generator<Buffer, void> {
  try {
    yield* pieces;
  } finally {
    end();
  }
}

function statOf({ tree }: ContainerFiles, path: string): PathStat {
  const found = findExisting(tree, path, false);
  const { stat } = found;
  return {
    name: Buffer.from(nameOf(path, found), 'latin1').toString('utf8'),
    size: stat.size,
    mode: goFileMode(stat.mode),
    mtime: timeText(stat),
    linkTarget: isLink(stat) ? targetOf(tree, found) : '',
  };
}

/** Go writes years of four digits; a file may have any time. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

function timeText({ mtimeSec, mtimeNsec }: RawStat): string {
  const time = mtimeSec * 1000 + Math.floor(mtimeNsec / 1e6);
  return new Date(Math.min(Math.max(time, FIRST_MS), LAST_MS)).toISOString();
}

/** As an absolute path in the container: docker's client asks for that next. */
function targetOf(tree: FileTree, found: FoundFile): string {
  const followed = tree.find(found.path, true);
  const path = followed?.path ?? tree.readLink(found.path).replace(/^\//, '');
  return `/${Buffer.from(path, 'latin1').toString('utf8')}`;
}

const GO_BITS: readonly (readonly [format: number, bits: number])[] = [
  [constants.S_IFDIR, 2 ** 31],
  [constants.S_IFLNK, 2 ** 27],
  [constants.S_IFBLK, 2 ** 26],
  [constants.S_IFIFO, 2 ** 25],
  [constants.S_IFSOCK, 2 ** 24],
  [constants.S_IFCHR, 2 ** 26 + 2 ** 21],
];

function goFileMode(mode: number): number {
  const format = GO_BITS.find(([bits]) => bits === (mode & constants.S_IFMT))?.[1] ?? 0;
  const special =
    ((mode & 0o4000) === 0 ? 0 : 2 ** 23) +
    ((mode & 0o2000) === 0 ? 0 : 2 ** 22) +
    ((mode & 0o1000) === 0 ? 0 : 2 ** 20);
  return (mode & 0o777) + format + special;
}
