import { closeSync, constants, existsSync, readdirSync, readSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { errnoOf, IntegrityError, StorageError } from '../base/errors.ts';
import {
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Syscalls,
} from '../native/syscalls.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { readTarSplit, type TarSplitRecord } from './tar/tar-split.ts';
import { pathBytes, printablePath } from './unpack/entry-path.ts';

interface Context {
  layout: StoreLayout;
  system: Syscalls;
}

const CHUNK_BYTES = 1 << 20;
const REPAIR = 'run `tspod system check --repair`: it fetches the layer again from where its image came from';

export interface LayerBlocks {
  id: string;
  diffId: string;
  /** Buffers to fill, all of one size. */
  take: () => Buffer;
}

/**
 * The layer's tar again, byte for byte. The digest is compared at the end: a layer that somebody has changed on disk makes the stream
 * fail with IntegrityError instead of ending.
 */
export function exportLayer(context: Context, id: string, diffId: string): Readable {
  const blocks = layerBlocks(context, { id, diffId, take: () => Buffer.allocUnsafeSlow(CHUNK_BYTES) });
  return Readable.from(blocks, { objectMode: false, highWaterMark: CHUNK_BYTES });
}

/** As exportLayer; each piece is valid until the next one is asked for. */
export function layerPieces(context: Context, id: string, diffId: string): Generator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return layerBlocks(context, { id, diffId, take: () => buffer });
}

/** As exportLayer, in buffers of the reader's, each filled but the last. */
export function* layerBlocks(context: Context, { id, diffId, take }: LayerBlocks): Generator<Buffer, void> {
  const hash = createHash('sha256');
  for (const block of filledBlocks(context, id, take)) {
    hash.update(block);
    yield block;
  }
  if (`sha256:${hash.digest('hex')}` !== diffId)
    throw new IntegrityError(
      `layer ${id} was changed on disk: its content no longer has the digest ${diffId}`,
      { hint: REPAIR },
    );
}

/** Files are read straight into the blocks. */
function* filledBlocks({ layout, system }: Context, id: string, take: () => Buffer): Generator<Buffer, void> {
  const paths = layerPaths(layout, id);
  const replaced = new Set(existsSync(paths.replaced) ? readdirSync(paths.replaced) : []);
  const root = system.openat2(-100, paths.diff, constants.O_RDONLY | constants.O_DIRECTORY, 0, 0);
  let block: Buffer | undefined;
  let used = 0;
  let open: { ordinal: number; fd: number } | undefined;
  const fileOf = (record: TarSplitRecord & { kind: 'content' }): number => {
    if (open?.ordinal === record.ordinal) return open.fd;
    if (open !== undefined) closeSync(open.fd);
    open = undefined;
    const name = String(record.ordinal);
    const fd = replaced.has(name)
      ? openBeneath(system, -100, join(paths.replaced, name), 0)
      : openBeneath(
          system,
          root,
          pathBytes(record.path),
          RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
        );
    if (fd === undefined)
      throw new IntegrityError(`layer ${id} was changed on disk: ${printablePath(record.path)} is missing`, {
        hint: REPAIR,
      });
    open = { ordinal: record.ordinal, fd };
    return fd;
  };
  const readPart = (record: TarSplitRecord & { kind: 'content' }, done: number, into: Buffer): number => {
    const got = readSync(fileOf(record), into, 0, into.length, record.offset + done);
    if (got > 0) return got;
    throw new IntegrityError(`layer ${id} was changed on disk: ${printablePath(record.path)} is shorter`, {
      hint: REPAIR,
    });
  };
  try {
    for (const record of splitRecords(paths.tarSplit, id)) {
      if (record.kind === 'end') continue;
      const size = record.kind === 'literal' ? record.bytes.length : record.size;
      for (let done = 0; done < size; ) {
        block ??= take();
        const room = block.subarray(used, used + size - done);
        const got =
          record.kind === 'literal' ? record.bytes.copy(room, 0, done) : readPart(record, done, room);
        done += got;
        used += got;
        if (used < block.length) continue;
        yield block;
        block = undefined;
        used = 0;
      }
    }
    if (block !== undefined) yield block.subarray(0, used);
  } finally {
    if (open !== undefined) closeSync(open.fd);
    closeSync(root);
  }
}

function* splitRecords(path: string, id: string): Generator<TarSplitRecord, void> {
  try {
    yield* readTarSplit(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new StorageError(`layer ${id} cannot be exported: ${path} is missing`, {
        cause: error,
        hint: REPAIR,
      });
    if (error instanceof IntegrityError)
      throw new IntegrityError(`layer ${id} cannot be exported: ${error.message}`, {
        cause: error,
        hint: REPAIR,
      });
    throw error;
  }
}

function openBeneath(
  system: Syscalls,
  dirFd: number,
  path: string | Buffer,
  resolve: number,
): number | undefined {
  try {
    return system.openat2(dirFd, path, constants.O_RDONLY | constants.O_NOFOLLOW, 0, resolve);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}
