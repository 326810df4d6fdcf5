import { errnoOf, IntegrityError, messageOf, StorageError } from '../../base/errors.ts';
import { type TarEntry, TarReader } from '../tar/tar-reader.ts';
import { TarSource } from '../tar/tar-source.ts';
import { printablePath } from '../unpack/entry-path.ts';
import type { FileTree } from './file-tree.ts';
import { type ExtractOptions, TreeWriter } from './tree-writer.ts';

/**
 * Writes the entries of a tar into a directory of the tree, which exists. Names that lead out of it, by `..` or by a link, are
 * errors; so is what would replace a directory by something else, unless that was asked for. `pull` hands out the next chunk.
 */
export async function extractTree(
  tree: FileTree,
  directory: string,
  pull: () => Buffer | undefined,
  options: ExtractOptions,
): Promise<void> {
  const writer = new TreeWriter(tree, directory, options);
  const reader = new TarReader(new TarSource(pull), () => undefined);
  let entry: TarEntry | undefined;
  try {
    for (;;) {
      entry = reader.next();
      if (entry === undefined) break;
      await writer.write(entry, reader);
    }
    await writer.finish();
  } catch (error) {
    throw explain(error, tree, entry);
  } finally {
    writer.close();
  }
}

function explain(error: unknown, tree: FileTree, entry: TarEntry | undefined): unknown {
  const code = errnoOf(error);
  const what = entry === undefined ? 'the archive' : printablePath(entry.name);
  const reason = code === undefined ? undefined : REASONS[code];
  if (code !== undefined && OF_THE_ARCHIVE.has(code) && error instanceof Error && 'syscall' in error)
    return new IntegrityError(`cannot write ${what} ${tree.where}: ${messageOf(error)}`, { cause: error });
  if (code !== undefined && error instanceof Error && 'syscall' in error)
    return new StorageError(`cannot write ${what} ${tree.where}: ${reason ?? messageOf(error)}`, {
      cause: error,
    });
  if (error instanceof IntegrityError && entry !== undefined)
    return new IntegrityError(`${what}: ${error.message}`, { cause: error });
  return error;
}

/** Names and links that no file system takes as they are. */
const OF_THE_ARCHIVE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP']);

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EINVAL: 'its owner does not exist in the user namespace',
  EBUSY: 'something is mounted there',
};
