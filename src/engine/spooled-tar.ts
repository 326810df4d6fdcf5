import { closeSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { checkTar } from '../storage/tar/check-tar.ts';
import type { Engine } from './engine.ts';

const CHUNK_BYTES = 1 << 20;

/**
 * Takes in a whole tar, compressed or not, and has `use` read it chunk by chunk; `anew` reads it from the start once more. One that breaks off or is damaged is an
 * IntegrityError before `use` is called: nothing of it is written then.
 */
export async function withSpooledTar<T>(
  engine: Engine,
  input: Readable,
  use: (pull: () => Buffer | undefined, anew: () => () => Buffer | undefined) => Promise<T>,
  temporary = `${engine.paths.runRoot}/tmp`,
): Promise<T> {
  const [{ spool }, { unpacked }] = await Promise.all([
    import('../image/spool.ts'),
    import('../image/open-archive.ts'),
  ]);
  const fd = await spool(await unpacked(input, { temporary }), { temporary });
  try {
    await checkTar(chunksOf(fd));
    return await use(chunksOf(fd), () => chunksOf(fd));
  } finally {
    closeSync(fd);
  }
}

/** From the start of the file; each chunk is valid until the next call. */
function chunksOf(fd: number): () => Buffer | undefined {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let position = 0;
  return () => {
    const got = readSync(fd, buffer, 0, CHUNK_BYTES, position);
    position += got;
    return got === 0 ? undefined : buffer.subarray(0, got);
  };
}
