import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, zstdCompress } from 'node:zlib';
import { syscalls } from '../native/linux.ts';
import type { Deflater } from '../native/syscalls.ts';

export type BlobCompression = 'gzip' | 'zstd' | 'none';

/** How many blocks are compressed at a time: libuv has four threads for it. */
const BLOCKS_UNDERWAY = 4;
/** Half as much time as the next ones, for some hundredths of the size. */
const DEFAULT_GZIP_LEVEL = 3;
/** What a block is judged by. */
const SAMPLE = 16 * 1024;
/** So many blocks are packed as the first of them. */
const JUDGED_EVERY = 4;
/** Searching for repetitions takes some ten times as long: it is worth it if it makes the sample this much smaller. */
const WORTHWHILE = 0.92;
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

export interface CompressOptions {
  compression: BlobCompression;
  level?: number | undefined;
  /** Called with each block of the source once its bytes are not needed any more. */
  done?: ((block: Buffer) => void) | undefined;
}

/** Compresses blocks of one stream on all processors; equal input gives equal output. */
export function compressBlocks(
  source: AsyncIterable<Buffer>,
  options: CompressOptions,
): AsyncIterable<Buffer> {
  if (options.compression === 'none') return source;
  return options.compression === 'gzip' ? gzipBlocks(source, options) : zstdFrames(source, options);
}

/** One gzip member: each block ends on a byte boundary and knows the window before it, so that they can be joined. */
async function* gzipBlocks(source: AsyncIterable<Buffer>, options: CompressOptions): AsyncGenerator<Buffer> {
  const level = options.level ?? DEFAULT_GZIP_LEVEL;
  const deflaters = new Deflaters();
  let checksum = 0;
  let size = 0;
  let window: Buffer = Buffer.alloc(0);
  let count = 0;
  let strategy: Promise<number> = Promise.resolve(constants.Z_DEFAULT_STRATEGY);
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  const start = (block: Buffer): Promise<Buffer> => {
    checksum = crc32(block, checksum);
    size += block.length;
    const before = window;
    window = windowAfter(window, block);
    // What comes behind each other is mostly alike.
    if (options.level === undefined && count++ % JUDGED_EVERY === 0) strategy = strategyFor(block, level);
    return deflaters.pack({ before, block, level, strategy });
  };
  yield* inOrder(source, { start, done: options.done });
  const trailer = Buffer.alloc(10);
  // An empty last block.
  trailer.writeUInt16LE(0x0003, 0);
  trailer.writeUInt32LE(checksum >>> 0, 2);
  trailer.writeUInt32LE(size % 2 ** 32, 6);
  yield trailer;
}

interface DeflateBlock {
  /** The window, empty for the first block. */
  before: Buffer;
  block: Buffer;
  level: number;
  strategy: Promise<number>;
}

/** As many as blocks are underway; each has room for a packed block, which is kept for the next one. */
class Deflaters {
  readonly #free: { deflater: Deflater; room: Buffer }[] = [];

  async pack({ before, block, level, strategy }: DeflateBlock): Promise<Buffer> {
    const chosen = await strategy;
    const one = this.#free.pop() ?? { deflater: syscalls().openDeflater(), room: Buffer.alloc(0) };
    // What cannot be packed grows a little.
    const most = block.length + (block.length >> 6) + 1024;
    if (one.room.length < most) one.room = Buffer.allocUnsafeSlow(most);
    const { deflater, room } = one;
    const length = await syscalls().deflateInto(deflater, before, block, room, level, chosen);
    const packed = Buffer.from(room.subarray(0, length));
    this.#free.push(one);
    return packed;
  }
}

/**
 * What holds no repetitions (media, archives, keys) is packed without looking for them, which takes a small part of the time; with single
 * bytes repeated often in it, only for those.
 */
async function strategyFor(block: Buffer, level: number): Promise<number> {
  const middle = Math.max(0, Math.floor((block.length - SAMPLE) / 2));
  const sample = block.subarray(middle, middle + SAMPLE);
  const [searched, runs, single] = await Promise.all([
    deflate(sample, { level }),
    deflate(sample, { level, strategy: constants.Z_RLE }),
    deflate(sample, { level, strategy: constants.Z_HUFFMAN_ONLY }),
  ]);
  if (searched.length < runs.length * WORTHWHILE) return constants.Z_DEFAULT_STRATEGY;
  return runs.length < single.length * WORTHWHILE ? constants.Z_RLE : constants.Z_HUFFMAN_ONLY;
}

async function* zstdFrames(
  source: AsyncIterable<Buffer>,
  { level = DEFAULT_ZSTD_LEVEL, done }: CompressOptions,
): AsyncGenerator<Buffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  let hadFrame = false;
  const start = (block: Buffer) => compressFrame(block, { params });
  for await (const frame of inOrder(inFrames(source, done), { start })) {
    hadFrame = true;
    yield frame;
  }
  // Nothing at all would not be zstd.
  if (!hadFrame) yield await compressFrame(Buffer.alloc(0), { params });
}

async function* inFrames(
  source: AsyncIterable<Buffer>,
  done: CompressOptions['done'],
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const part of source) {
    parts.push(part);
    size += part.length;
    if (size < ZSTD_FRAME) continue;
    const frame = Buffer.concat(parts);
    for (const each of parts) done?.(each);
    yield frame;
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

interface BlockWork {
  start: (block: Buffer) => Promise<Buffer>;
  done?: CompressOptions['done'];
}

/** Starts the next blocks while the reader still waits for the first. A block is done with when the one after it is packed, too. */
async function* inOrder(source: AsyncIterable<Buffer>, { start, done }: BlockWork): AsyncGenerator<Buffer> {
  const underway: { block: Buffer; work: Promise<Buffer> }[] = [];
  let before: Buffer | undefined;
  const finishFirst = async (): Promise<Buffer> => {
    const { block, work } = underway.shift() as (typeof underway)[number];
    const packed = await work;
    if (before !== undefined) done?.(before);
    before = block;
    return packed;
  };
  for await (const block of source) {
    if (block.length === 0) continue;
    const work = start(block);
    // Its failure is seen when its turn comes, or not at all when the reader has left.
    work.catch(() => {});
    underway.push({ block, work });
    if (underway.length >= BLOCKS_UNDERWAY) yield await finishFirst();
  }
  while (underway.length > 0) yield await finishFirst();
}

function windowAfter(before: Buffer, block: Buffer): Buffer {
  if (block.length >= GZIP_WINDOW) return block.subarray(block.length - GZIP_WINDOW);
  const both = Buffer.concat([before, block]);
  return both.subarray(Math.max(0, both.length - GZIP_WINDOW));
}
