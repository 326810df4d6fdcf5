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
import { collected } from './collected.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { readTarSplit, type TarSplitRecord } from './tar/tar-split.ts';
import { pathBytes, printablePath } from './unpack/entry-path.ts';

interface Context {
  layout: StoreLayout;
  system: Syscalls;
}

const CHUNK_BYTES = 1 << 20;
const REPAIR = 'run `tspod system check --repair`: it fetches the layer again from where its image came from';

/**
 * The layer's tar again, byte for byte. The digest is compared at the end: a layer that somebody has changed on disk makes the stream
 * fail with IntegrityError instead of ending.
 */
export function exportLayer(context: Context, id: string, diffId: string): Readable {
  return Readable.from(layerPieces(context, id, diffId), { objectMode: false, highWaterMark: CHUNK_BYTES });
}

/** As exportLayer; each piece is valid until the next one is asked for. */
export function* layerPieces(context: Context, id: string, diffId: string): Generator<Buffer, void> {
  const hash = createHash('sha256');
  for (const chunk of collected(pieces(context, id))) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` !== diffId)
    throw new IntegrityError(
      `layer ${id} was changed on disk: its content no longer has the digest ${diffId}`,
      { hint: REPAIR },
    );
}

function* pieces({ layout, system }: Context, id: string): Generator<Buffer, void> {
  const paths = layerPaths(layout, id);
  const replaced = new Set(existsSync(paths.replaced) ? readdirSync(paths.replaced) : []);
  const root = system.openat2(-100, paths.diff, constants.O_RDONLY | constants.O_DIRECTORY, 0, 0);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
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
  try {
    for (const record of splitRecords(paths.tarSplit, id)) {
      if (record.kind === 'literal') yield record.bytes;
      if (record.kind !== 'content') continue;
      const fd = fileOf(record);
      for (let done = 0; done < record.size; ) {
        const wanted = Math.min(CHUNK_BYTES, record.size - done);
        const got = readSync(fd, buffer, 0, wanted, record.offset + done);
        if (got === 0)
          throw new IntegrityError(
            `layer ${id} was changed on disk: ${printablePath(record.path)} is shorter`,
            { hint: REPAIR },
          );
        yield buffer.subarray(0, got);
        done += got;
      }
    }
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
