import { spawn } from 'node:child_process';
import { closeSync, createReadStream, mkdirSync, openSync, statSync } from 'node:fs';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errnoOf, IntegrityError, messageOf, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { unpackGuard } from '../storage/unpack-limit.ts';
import { type ArchiveFiles, directoryFiles, firstBytes, tarFiles } from './archive-files.ts';
import { spool } from './spool.ts';

export interface OpenArchiveOptions {
  /** A path, or a stream such as stdin. */
  input: string | Readable;
  /** Where a compressed or streamed archive is unpacked first (its table of contents is at its end). */
  temporary: string;
  signal?: AbortSignal | undefined;
}

type Packing = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'none';

/** Opens an image archive for reading in any order. A file that is a plain tar is read in place. */
export async function openArchive(options: OpenArchiveOptions): Promise<ArchiveFiles> {
  const { input } = options;
  if (typeof input !== 'string') return spooled(options, input, undefined);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(input).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new NotFoundError('image', input, { message: `archive ${input} does not exist`, cause: error });
  }
  if (isDirectory) return directoryFiles(input);
  if (!statSync(input).isFile()) return spooled(options, createReadStream(input), undefined);
  const packing = packingOf(firstBytes(input, 6));
  if (packing !== 'none') return spooled(options, createReadStream(input), packing);
  return openTar(openSync(input, 'r'), input);
}

/** By the first bytes, as names lie. */
export function packingOf(start: Buffer): Packing {
  const hex = start.toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  if (hex.startsWith('28b52ffd')) return 'zstd';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  return hex.startsWith('425a68') ? 'bzip2' : 'none';
}

/** The uncompressed bytes of a stream that may be compressed. */
export async function unpacked(
  input: Readable,
  { temporary, known }: { temporary: string; known?: Packing | undefined },
): Promise<AsyncIterable<Buffer>> {
  const iterator = (input as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const head: Buffer[] = [];
  let length = 0;
  while (known === undefined && length < 6) {
    const { value, done } = await iterator.next();
    if (done) break;
    head.push(value);
    length += value.length;
  }
  const packing = known ?? packingOf(Buffer.concat(head).subarray(0, 6));
  let taken = 0;
  async function* whole() {
    for await (const chunk of chain(head, { [Symbol.asyncIterator]: () => iterator })) {
      taken += chunk.length;
      yield chunk;
    }
  }
  if (packing === 'none') return whole();
  const { sink, source } = inflaterFor(packing);
  pipeline(whole(), sink).catch((error: unknown) => source.destroy(asError(error)));
  return guarded(source as AsyncIterable<Buffer>, () => taken, temporary);
}

async function* chain(head: Iterable<Buffer>, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* head;
  yield* rest;
}

async function* guarded(
  source: AsyncIterable<Buffer>,
  taken: () => number,
  temporary: string,
): AsyncGenerator<Buffer> {
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const guard = unpackGuard('the archive', temporary);
  let given = 0;
  for await (const chunk of source) {
    given += chunk.length;
    guard(taken(), given);
    yield chunk;
  }
}

async function spooled(
  options: OpenArchiveOptions,
  input: Readable,
  packing: Packing | undefined,
): Promise<ArchiveFiles> {
  const name = typeof options.input === 'string' ? options.input : 'the input';
  return openTar(
    await spool(await unpacked(input, { temporary: options.temporary, known: packing }), options),
    name,
  );
}

function openTar(fd: number, name: string): ArchiveFiles {
  try {
    return tarFiles(fd);
  } catch (error) {
    closeSync(fd);
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(`${name} is not a tar archive, or a damaged one: ${error.message}`, {
      cause: error,
    });
  }
}

interface Inflater {
  sink: Writable;
  source: Readable;
}

function inflaterFor(packing: Exclude<Packing, 'none'>): Inflater {
  if (packing === 'xz' || packing === 'bzip2') return programAsInflater(packing);
  const options = { chunkSize: 256 * 1024 };
  const inflater = packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  return { sink: inflater, source: inflater };
}

/** xz and bzip2 are rare and slow anyway: their own programs do it. */
function programAsInflater(program: 'xz' | 'bzip2'): Inflater {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const source = new PassThrough({ highWaterMark: 1 << 20 });
  // The output ends well only when the program did.
  child.stdout.on('error', (error) => source.destroy(error)).pipe(source, { end: false });
  child.on('error', (cause) => {
    source.destroy(
      new UnsupportedError(`cannot unpack the archive: ${program} is not installed`, {
        cause,
        hint: `install the package ${program === 'xz' ? 'xz-utils' : program}`,
      }),
    );
  });
  child.on('close', (code) => {
    if (code === 0) source.end();
    else source.destroy(new IntegrityError(`the archive is damaged: ${program} failed`));
  });
  return { sink: child.stdin, source };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
