import {
  closeSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { syncDirectory } from '../base/atomic-file.ts';
import { ConflictError, InvalidSpecError, messageOf, StorageError } from '../base/errors.ts';
import { storeLayout } from '../storage/layout.ts';
import { type SaveWish, writeArchive } from './archive-content.ts';
import type { WrittenManifest } from './image-manifest.ts';
import { directorySink, tarSink } from './archive-sink.ts';

export type { SavedImage, SaveFormat, SaveWish } from './archive-content.ts';

/** Writes an archive (not a directory) of images to a stream, which is ended. */
export async function saveToStream(wish: SaveWish, output: Writable): Promise<WrittenManifest | undefined> {
  const sink = tarSink(output, wish.temporary ?? storeLayout(wish.store.graphRoot).tmp);
  try {
    return await writeArchive(wish, sink);
  } catch (error) {
    // What is still being written when it is destroyed fails, too: that is no news.
    output.on('error', () => {});
    output.destroy();
    throw error;
  }
}

/** Writes an archive or a directory; a file appears only when it is complete. */
export async function saveToPath(wish: SaveWish, path: string): Promise<WrittenManifest | undefined> {
  if (wish.format === 'docker-dir' || wish.format === 'oci-dir') {
    const isUsed = existsSync(path) && (!statSync(path).isDirectory() || readdirSync(path).length > 0);
    if (isUsed && !(wish.mayExtend === true && isOfThisKind(wish, path)))
      throw new ConflictError(`cannot save to ${path}: it exists and is not an empty directory`);
    mkdirSync(path, { recursive: true });
    return writeArchive(wish, directorySink(path));
  }
  if (existsSync(path) && statSync(path).isDirectory())
    throw new ConflictError(`cannot save to ${path}: it is a directory`, {
      hint: 'name a file in it, or use --format oci-dir',
    });
  if (!existsSync(dirname(resolve(path))))
    throw new InvalidSpecError(`cannot save to ${path}: ${dirname(path)} does not exist`);
  if (existsSync(path) && !statSync(path).isFile()) {
    return saveToStream(wish, createWriteStream(path));
  }
  const unfinished = `${path}.tmp-${process.pid}`;
  const output = openOutput(unfinished, path);
  let manifest: WrittenManifest | undefined;
  try {
    manifest = await saveToStream(
      wish,
      createWriteStream(unfinished, { fd: output, highWaterMark: 1 << 20 }),
    );
    const fd = openSync(unfinished, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncDirectory(dirname(resolve(path)));
  return manifest;
}

function openOutput(unfinished: string, path: string): number {
  try {
    return openSync(unfinished, 'wx', 0o644);
  } catch (error) {
    const reason = messageOf(error).replace(unfinished, path);
    throw new StorageError(`cannot save to ${path}: ${reason}`, { cause: error });
  }
}

/** A layout that further images can go into, or a directory that may be written again. */
function isOfThisKind({ format }: SaveWish, path: string): boolean {
  return existsSync(join(path, format === 'oci-dir' ? 'oci-layout' : 'version'));
}
