import { createHash } from 'node:crypto';
import { crashPoint } from '../../base/crash-point.ts';
import { errnoOf, IntegrityError, messageOf, StorageError } from '../../base/errors.ts';
import type { Syscalls } from '../../native/syscalls.ts';
import { type TarEntry, TarReader } from '../tar/tar-reader.ts';
import { TarSource } from '../tar/tar-source.ts';
import { TarSplitWriter } from '../tar/tar-split.ts';
import { printablePath } from './entry-path.ts';
import { LayerWriter } from './layer-writer.ts';
import { UnmappedIdError } from './unmapped-id-error.ts';
import type { UnpackJob, UnpackMarks, UnpackResult } from './unpack-job.ts';

/**
 * Unpacks one uncompressed tar into the job's directory and records how to give it back. Synchronous; `pull` hands out the next chunk,
 * valid until the next call. After an error the directory holds a part: the caller deletes it.
 */
export function unpackLayer(
  system: Syscalls,
  job: UnpackJob,
  pull: () => Buffer | undefined,
  marks?: UnpackMarks,
): UnpackResult {
  const hash = createHash('sha256');
  let tarSize = 0;
  let entries = 0;
  let entry: TarEntry | undefined;
  let split: TarSplitWriter | undefined;
  let writer: LayerWriter | undefined;
  let reached = 0;
  const settle = (): void => {
    const wanted = marks?.wanted() ?? 0;
    if (wanted <= reached) return;
    // A header at the end of a chunk may not be complete, and content is recorded before it is written.
    const done = Math.min(tarSize, split?.recorded ?? 0);
    if (done < wanted) return;
    writer?.settle();
    reached = done;
    marks?.reach(done);
  };
  try {
    const source = new TarSource(() => {
      settle();
      const chunk = pull();
      if (chunk === undefined) return undefined;
      hash.update(chunk);
      tarSize += chunk.length;
      return chunk;
    });
    const recorder = new TarSplitWriter(job.tarSplit);
    split = recorder;
    writer = new LayerWriter(system, job, recorder);
    const reader = new TarReader(source, (bytes) => recorder.literal(bytes));
    for (;;) {
      entry = reader.next();
      if (entry === undefined) break;
      writer.write(entry, reader);
      entries += 1;
      if (entries === 2) crashPoint('layer-half-unpacked');
    }
    recorder.finish(tarSize);
    split = undefined;
    const diskSize = writer.finish() + Math.ceil(recorder.bytes / 4096) * 4096;
    const implied = writer.implied();
    return { diffId: `sha256:${hash.digest('hex')}`, tarSize, diskSize, entries, implied };
  } catch (error) {
    throw explain(error, job, entry);
  } finally {
    split?.close();
    writer?.close();
  }
}

function explain(error: unknown, job: UnpackJob, entry: TarEntry | undefined): unknown {
  const where = entry === undefined ? job.label : `${job.label}: entry ${printablePath(entry.name)}`;
  const code = errnoOf(error);
  if (error instanceof UnmappedIdError) return wrap(StorageError, where, error, error.hint);
  if (error instanceof IntegrityError) return wrap(IntegrityError, where, error, error.hint);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StorageError(`cannot unpack ${where} in ${job.diff}: no space left on device`, {
      cause: error,
      hint: 'free some space, for example with `tspod system prune`, or choose another --root',
    });
  // What the file system cannot represent is the archive's fault.
  if (code === 'ENAMETOOLONG' || code === 'EFBIG' || code === 'EILSEQ')
    return wrap(IntegrityError, where, error);
  if (code !== undefined && error instanceof Error && 'syscall' in error)
    return wrap(StorageError, `cannot unpack ${where}`, error);
  return error;
}

function wrap(type: typeof StorageError, where: string, error: unknown, hint?: string): StorageError {
  return new type(`${where}: ${messageOf(error)}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
