import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1 << 20;

export interface FileChunks {
  /** Valid until the next call; undefined at the end. */
  next(): Buffer | undefined;
  close(): void;
}

/** A file from its start, for readers that ask for piece after piece. */
export function fileChunks(path: string): FileChunks {
  const fd = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  return {
    next: () => {
      const got = readSync(fd, buffer, 0, CHUNK_BYTES, null);
      return got === 0 ? undefined : buffer.subarray(0, got);
    },
    close: () => closeSync(fd),
  };
}
