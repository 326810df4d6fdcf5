import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, zstdCompress } from 'node:zlib';

export type BlobCompression = 'gzip' | 'zstd' | 'none';

/** How many blocks are compressed at a time: libuv has four threads for it. */
const BLOCKS_UNDERWAY = 4;
/** Half as much time as the next ones, for some hundredths of the size. */
const DEFAULT_GZIP_LEVEL = 3;
/** What a block is judged by. */
const SAMPLE = 16 * 1024;
/** So many blocks are packed as the first of them. */
const JUDGED_EVERY = 4;
/** Searching for repetitions is worth it if it makes the sample this much smaller. */
const WORTHWHILE = 0.97;
const DEFAULT_ZSTD_LEVEL = 3;
const GZIP_WINDOW = 32 * 1024;
/** Frames stand for themselves, so larger ones compress better. */
const ZSTD_FRAME = 4 * 1024 * 1024;

const deflate = promisify(deflateRaw) as (
  block: Buffer,
  options: Parameters<typeof deflateRaw>[1],
) => Promise<Buffer>;
const compressFrame = promisify(zstdCompress) as (
  block: Buffer,
  options: Parameters<typeof zstdCompress>[1],
) => Promise<Buffer>;

/** Compresses blocks of one stream on all processors; equal input gives equal output. */
export function compressBlocks(
  source: AsyncIterable<Buffer>,
  compression: BlobCompression,
  level?: number,
): AsyncIterable<Buffer> {
  if (compression === 'none') return source;
  return compression === 'gzip' ? gzipBlocks(source, level) : zstdFrames(source, level);
}

/** One gzip member: each block ends on a byte boundary and knows the window before it, so that they can be joined. */
async function* gzipBlocks(source: AsyncIterable<Buffer>, wanted?: number): AsyncGenerator<Buffer> {
  const level = wanted ?? DEFAULT_GZIP_LEVEL;
  let checksum = 0;
  let size = 0;
  let window: Buffer | undefined;
  let count = 0;
  let strategy: Promise<number> = Promise.resolve(constants.Z_DEFAULT_STRATEGY);
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  yield* inOrder(source, (block) => {
    checksum = crc32(block, checksum);
    size += block.length;
    const options = {
      level,
      // Fewer and larger blocks: making trees for them costs as much as packing what does not repeat.
      memLevel: constants.Z_MAX_MEMLEVEL,
      chunkSize: Math.max(block.length, constants.Z_MIN_CHUNK),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(window === undefined ? {} : { dictionary: window }),
    };
    window = windowAfter(window, block);
    if (wanted !== undefined) return deflate(block, options);
    // What comes behind each other is mostly alike.
    if (count++ % JUDGED_EVERY === 0) strategy = strategyFor(block, level);
    return deflateAs(strategy, block, options);
  });
  const trailer = Buffer.alloc(10);
  // An empty last block.
  trailer.writeUInt16LE(0x0003, 0);
  trailer.writeUInt32LE(checksum >>> 0, 2);
  trailer.writeUInt32LE(size % 2 ** 32, 6);
  yield trailer;
}

/** What holds no repetitions (media, archives, keys) is packed without looking for them, which takes a third of the time. */
async function strategyFor(block: Buffer, level: number): Promise<number> {
  const middle = Math.max(0, Math.floor((block.length - SAMPLE) / 2));
  const sample = block.subarray(middle, middle + SAMPLE);
  const [searched, unsearched] = await Promise.all([
    deflate(sample, { level }),
    deflate(sample, { level, strategy: constants.Z_RLE }),
  ]);
  return searched.length < unsearched.length * WORTHWHILE ? constants.Z_DEFAULT_STRATEGY : constants.Z_RLE;
}

async function deflateAs(
  strategy: Promise<number>,
  block: Buffer,
  options: NonNullable<Parameters<typeof deflate>[1]>,
): Promise<Buffer> {
  return deflate(block, { ...options, strategy: await strategy });
}

async function* zstdFrames(
  source: AsyncIterable<Buffer>,
  level = DEFAULT_ZSTD_LEVEL,
): AsyncGenerator<Buffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  let hadFrame = false;
  for await (const frame of inOrder(inFrames(source), (block) => compressFrame(block, { params }))) {
    hadFrame = true;
    yield frame;
  }
  // Nothing at all would not be zstd.
  if (!hadFrame) yield await compressFrame(Buffer.alloc(0), { params });
}

async function* inFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const part of source) {
    parts.push(part);
    size += part.length;
    if (size < ZSTD_FRAME) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

/** Starts the next blocks while the reader still waits for the first. */
async function* inOrder(
  source: AsyncIterable<Buffer>,
  start: (block: Buffer) => Promise<Buffer>,
): AsyncGenerator<Buffer> {
  const underway: Promise<Buffer>[] = [];
  for await (const block of source) {
    if (block.length === 0) continue;
    const work = start(block);
    // Its failure is seen when its turn comes, or not at all when the reader has left.
    work.catch(() => {});
    underway.push(work);
    if (underway.length < BLOCKS_UNDERWAY) continue;
    yield await (underway.shift() as Promise<Buffer>);
  }
  for (const work of underway) yield await work;
}

function windowAfter(before: Buffer | undefined, block: Buffer): Buffer {
  if (block.length >= GZIP_WINDOW) return block.subarray(block.length - GZIP_WINDOW);
  const both = before === undefined ? block : Buffer.concat([before, block]);
  return both.subarray(Math.max(0, both.length - GZIP_WINDOW));
}
