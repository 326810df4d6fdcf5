import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { IntegrityError, InvalidSpecError } from '../base/errors.ts';
import { unpacked } from '../image/open-archive.ts';
import { spool } from '../image/spool.ts';
import { parseTarHeader } from '../storage/tar/tar-header.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { ContextPlace } from './context-place.ts';

const LARGEST_TEXT = 1 << 20;
const BLOCK = 512;
const CHUNK = 1 << 20;

/** Unpacks a tar, compressed or not, into the directory; returns the text when it is none but a Containerfile. */
export async function unpackContext(
  input: Readable,
  directory: string,
  place: ContextPlace,
): Promise<string | undefined> {
  try {
    return await unpack(input, directory, place);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    // Whoever sent it is at fault, not the store.
    throw new InvalidSpecError(`the build context cannot be unpacked: ${error.message}`, { cause: error });
  }
}

async function unpack(
  input: Readable,
  directory: string,
  { system, temporary, signal }: ContextPlace,
): Promise<string | undefined> {
  const fd = await spool(await unpacked(input, { temporary }), { temporary, signal });
  try {
    const head = Buffer.alloc(BLOCK);
    const length = readSync(fd, head, 0, BLOCK, 0);
    if (length < BLOCK || !isTarHeader(head)) return readWhole(fd);
    const tree = new FileTree({
      system,
      rootFd: openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY),
      mounts: [],
      readOnly: false,
      where: 'in the build context',
    });
    try {
      await extractTree(tree, '', chunksOf(fd), { owner: undefined, devices: false, overwrite: true });
    } finally {
      tree.close();
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function isTarHeader(block: Buffer): boolean {
  try {
    parseTarHeader(block);
    return true;
  } catch {
    return false;
  }
}

function readWhole(fd: number): string {
  const buffer = Buffer.alloc(LARGEST_TEXT + 1);
  const length = readSync(fd, buffer, 0, buffer.length, 0);
  const content = buffer.subarray(0, length);
  if (length > LARGEST_TEXT || content.includes(0))
    throw new InvalidSpecError('the build context is neither a tar archive nor a Containerfile');
  return content.toString('utf8');
}

function chunksOf(fd: number): () => Buffer | undefined {
  let position = 0;
  return () => {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const length = readSync(fd, buffer, 0, CHUNK, position);
    position += length;
    return length === 0 ? undefined : buffer.subarray(0, length);
  };
}
