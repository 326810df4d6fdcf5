import { constants, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { IntegrityError, InvalidSpecError, NotFoundError, UsageError } from '../base/errors.ts';
import { lookupContainer } from '../libpod/container.ts';
import { type ContainerFiles, openContainerFiles } from '../libpod/container-files.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { FileTree, isDirectory } from '../storage/tree/file-tree.ts';
import { baseOf, parentOf } from '../storage/unpack/entry-path.ts';
import {
  type Existing,
  findExisting,
  nameOf,
  type Ownership,
  ownerFor,
  readContainerArchive,
  writeContainerArchive,
} from './container-archive.ts';
import type { Engine } from './engine.ts';

/** One side of a copy. */
export type CopyEnd =
  | { kind: 'host'; path: string }
  | { kind: 'container'; name: string; path: string }
  /** A tar on stdin or stdout. */
  | { kind: 'stream' };

export interface CopyRequest {
  from: CopyEnd;
  to: CopyEnd;
  /** Copies in a container belong to its user; otherwise to the same ids as the original. */
  toUser: boolean;
  /** A link that the source path ends with is followed. */
  followLink: boolean;
  overwrite: boolean;
}

export interface CopyStreams {
  input: Readable;
  output(piece: Buffer): void;
}

/**
 * Copies files between the host and containers, running or not, as `cp -r` does: a directory goes into a target that exists, or
 * becomes the target; with `/.` at its end only its contents are copied.
 */
export async function copyFiles(engine: Engine, request: CopyRequest, streams: CopyStreams): Promise<void> {
  const { from, to } = request;
  if (from.kind === 'stream') {
    if (to.kind !== 'container') throw new UsageError('an archive from stdin can only go to a container');
    const { id } = lookupContainer(engine.db, to.name);
    try {
      const input = Readable.from(notEmpty(streams.input), { objectMode: false });
      await writeContainerArchive(engine, { id, path: to.path }, input, request);
    } catch (error) {
      throw error instanceof IntegrityError ? notAnArchive(error.message, error) : error;
    }
    return;
  }
  if (to.kind === 'stream') {
    if (from.kind !== 'container') throw new UsageError('only files of a container can go to stdout');
    const { id } = lookupContainer(engine.db, from.name);
    const { pieces } = await readContainerArchive(engine, { id, ...from }, request.followLink);
    for (const piece of pieces) streams.output(piece);
    return;
  }
  if (from.kind === 'host' && to.kind === 'host')
    throw new UsageError('must specify at least one container: CONTAINER:PATH');
  await copyBetween(engine, { ...request, from, to });
}

/** Of a program that has failed nothing comes; an archive without entries has its end at least. */
async function* notEmpty(input: Readable): AsyncGenerator<Buffer, void> {
  let isEmpty = true;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    if (chunk.length > 0) isEmpty = false;
    yield chunk;
  }
  if (isEmpty) throw notAnArchive('there is nothing on stdin');
}

function notAnArchive(reason: string, cause?: unknown): InvalidSpecError {
  return new InvalidSpecError(
    `source must be a tar archive, compressed or not, when copying from stdin: ${reason}`,
    { cause },
  );
}

type FileEnd = Exclude<CopyEnd, { kind: 'stream' }>;

/** Lock order: the containers by id. One that is copied within itself is opened once. */
async function copyBetween(
  engine: Engine,
  request: CopyRequest & { from: FileEnd; to: FileEnd },
): Promise<void> {
  const names = [request.from, request.to].flatMap((end) => (end.kind === 'container' ? [end.name] : []));
  const ids = [...new Set(names.map((name) => lookupContainer(engine.db, name).id))].sort();
  const open: ContainerFiles[] = [];
  const host = new FileTree({
    system: engine.syscalls,
    rootFd: openSync('/', constants.O_RDONLY | constants.O_DIRECTORY),
    mounts: [],
    readOnly: false,
    where: 'on the host',
  });
  try {
    for (const id of ids) open.push(await openContainerFiles(engine, id));
    const sideOf = (end: FileEnd): Side => {
      if (end.kind === 'host') return { tree: host, files: undefined, path: hostPath(end.path) };
      const { id } = lookupContainer(engine.db, end.name);
      const files = open.find(({ record }) => record.id === id);
      if (files === undefined) throw new NotFoundError('container', end.name);
      return { tree: files.tree, files, path: end.path };
    };
    await copy(sideOf(request.from), sideOf(request.to), request);
  } finally {
    for (const files of open.reverse()) files.close();
    host.close();
  }
}

interface Side {
  tree: FileTree;
  files: ContainerFiles | undefined;
  path: string;
}

async function copy(from: Side, to: Side, request: CopyRequest): Promise<void> {
  const source = findExisting(from.tree, from.path, request.followLink);
  const { directory, name } = targetOf(from, source, to);
  if (isDirectory(source.stat) && from.tree === to.tree && isWithin(directory, source.path))
    throw new InvalidSpecError(`cannot copy ${JSON.stringify(from.path)} ${from.tree.where} into itself`);
  const pieces = archiveTree(from.tree, source.path, { name, ...idsFrom(from) });
  const next = (): Buffer | undefined => {
    const result = pieces.next();
    return result.done ? undefined : result.value;
  };
  await extractTree(to.tree, directory, next, {
    owner: ownership(to, request),
    devices: to.files !== undefined,
    withoutSetId: to.files === undefined,
    overwrite: request.overwrite,
  });
}

function idsFrom({ files }: Side): { ids?: Ownership } {
  return files === undefined ? {} : { ids: files.ids.toContainer };
}

/** What comes to the host belongs to the caller. */
function ownership({ files }: Side, { toUser }: CopyRequest): Ownership | undefined {
  return files === undefined ? undefined : ownerFor(files, toUser);
}

/** The directory to write into, and the name that the source gets there. */
function targetOf(from: Side, source: Existing, to: Side): { directory: string; name: string } {
  const target = to.tree.find(Buffer.from(to.path).toString('latin1'), true);
  const text = `${JSON.stringify(to.path)} ${to.tree.where}`;
  if (target === undefined)
    throw new NotFoundError('file', to.path, {
      message: `${text} could not be created: its directory is missing`,
    });
  const sourceIsDirectory = isDirectory(source.stat);
  if (target.stat === undefined) {
    if (sourceIsDirectory) return { directory: parentOf(target.path), name: baseOf(target.path) };
    if (target.mustBeDirectory)
      throw new NotFoundError('file', to.path, { message: `directory ${text} could not be found` });
    return { directory: parentOf(target.path), name: baseOf(target.path) };
  }
  if (isDirectory(target.stat)) return { directory: target.path, name: nameOf(from.path, source) };
  if (target.mustBeDirectory) throw new InvalidSpecError(`${text} is not a directory`);
  if (sourceIsDirectory)
    throw new InvalidSpecError(`destination must be a directory when copying a directory: ${text} is a file`);
  return { directory: parentOf(target.path), name: baseOf(target.path) };
}

function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Keeps what a slash or a dot at the end says. */
function hostPath(path: string): string {
  const ending = /(?:^|\/)(\.?)$/.exec(path);
  return ending === null ? resolve(path) : `${resolve(path)}/${ending[1]}`;
}
