import { closeSync, mkdirSync, openSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, IntegrityError, messageOf } from '../base/errors.ts';
import { newLayerId } from '../base/ids.ts';

export interface SpoolOptions {
  /** The directory for temporary files. */
  temporary: string;
  signal?: AbortSignal | undefined;
}

const writeAt = promisify(write);

/**
 * Puts a stream into a temporary file and returns its descriptor, open for reading; the caller closes it. The file has no
 * name any more, so that the kernel frees it even when this process is killed.
 */
export async function spool(chunks: AsyncIterable<Buffer>, options: SpoolOptions): Promise<number> {
  mkdirSync(options.temporary, { recursive: true, mode: 0o700 });
  const path = join(options.temporary, `spool-${process.pid}-${newLayerId()}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    rmSync(path);
    let position = 0;
    for await (const chunk of chunks) {
      options.signal?.throwIfAborted();
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await writeAt(fd, chunk, done, chunk.length - done, position + done);
        done += bytesWritten;
      }
      position += chunk.length;
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    const code = errnoOf(error) ?? '';
    if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) throw error;
    throw new IntegrityError(`the archive is damaged: ${messageOf(error)}`, { cause: error });
  }
}
