import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { StorageError } from '../base/errors.ts';
import { spool } from './spool.ts';

/** Takes the files of an image archive one after the other. */
export interface ArchiveSink {
  has(name: string): boolean;
  put(name: string, content: string | Uint8Array): Promise<void>;
  /** `size` must be exact. */
  putStream(name: string, size: number, content: Readable): Promise<void>;
  /** A file whose name and size show when the content has ended; nothing happens if it is there already. */
  putMeasured(content: Readable, name: () => string): Promise<void>;
  /** The text of a small file from before, in a directory that is extended. */
  existing(name: string): string | undefined;
  /** Nothing may be put after it. */
  end(): Promise<void>;
}

/** Writes a tar; `output` is ended with it. `temporary` is the directory for what must be measured first. */
export function tarSink(output: Writable, temporary: string): ArchiveSink {
  const written = new Set<string>();
  const write = async (bytes: Uint8Array) => {
    if (output.errored) throw output.errored;
    if (!output.write(bytes)) await drained(output);
  };
  const putAll = async (name: string, size: number, content: AsyncIterable<Uint8Array>) => {
    written.add(name);
    await write(tarHeader(name, size));
    let taken = 0;
    for await (const chunk of content) {
      taken += chunk.length;
      if (taken > size) break;
      await write(chunk);
    }
    if (taken !== size)
      throw new StorageError(`writing ${name}: it has not the ${size} bytes that it should`);
    await write(Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK));
  };
  return {
    has: (name) => written.has(name),
    put: (name, content) => {
      const bytes = Buffer.from(content as Uint8Array);
      return putAll(name, bytes.length, once(bytes));
    },
    putStream: (name, size, content) => putAll(name, size, content as AsyncIterable<Buffer>),
    async putMeasured(content, name) {
      const fd = await spool(content as AsyncIterable<Buffer>, { temporary });
      try {
        if (written.has(name())) return;
        const spooled = createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: 1 << 20 });
        await putAll(name(), fstatSync(fd).size, spooled as AsyncIterable<Buffer>);
      } finally {
        closeSync(fd);
      }
    },
    existing: () => undefined,
    async end() {
      await write(Buffer.alloc(2 * BLOCK));
      output.end();
      await finished(output);
    },
  };
}

/** Writes files below an existing directory. */
export function directorySink(directory: string): ArchiveSink {
  const written = new Set<string>();
  const file = async (name: string) => {
    written.add(name);
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    return createWriteStream(path, { mode: 0o644 });
  };
  return {
    has: (name) => written.has(name),
    async put(name, content) {
      written.add(name);
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true });
      // Whoever reads a layout that is extended sees the old or the new index.
      writeFileAtomic(path, content, { mode: 0o644, durable: false });
    },
    putStream: async (name, _size, content) => pipeline(content, await file(name)),
    async putMeasured(content, name) {
      const unfinished = `unfinished-${process.pid}`;
      try {
        await pipeline(content, await file(unfinished));
        const path = join(directory, name());
        mkdirSync(dirname(path), { recursive: true });
        renameSync(join(directory, unfinished), path);
        written.add(name());
      } catch (error) {
        rmSync(join(directory, unfinished), { force: true });
        throw error;
      }
    },
    existing(name) {
      const path = join(directory, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    },
    async end() {
      const fd = openSync(directory, 'r');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
  };
}

const BLOCK = 512;
const LARGEST_OCTAL = 0o77777777777;

/** All names here are short and plain, all files are 0644 and without a date, so that equal images give equal archives. */
function tarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  if (size <= LARGEST_OCTAL) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('00000000000\0', 136, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function drained(output: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null) => {
      output.off('drain', settle).off('error', settle).off('close', settle);
      if (error) reject(error);
      else if (output.destroyed) reject(new StorageError('the reader of the archive went away'));
      else resolve();
    };
    output.once('drain', settle).once('error', settle).once('close', settle);
  });
}
