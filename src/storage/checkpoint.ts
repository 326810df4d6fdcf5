import type { LayerCompression } from './store.ts';

/** A place in a blob from which its unpacking can go on without what comes before it. */
export interface BlobPoint {
  compression: Exclude<LayerCompression, 'zstd'>;
  /** Bytes of the blob before this are not needed again. */
  from: number;
  /** SHA-256 of these, to be gone on with. */
  hash: Buffer;
  /** Where decompression goes on, at or behind `from`. */
  packed: number;
  /** What the inflater needs for it; empty where nothing is compressed. */
  mark: Buffer;
  /** Bytes of the tar so far, and their CRC-32. */
  unpacked: number;
  crc: number;
}

/** Which unfinished layer has the tar up to `to`, from where the one before ends. */
export interface TarPart {
  layer: string;
  to: number;
}

export interface Checkpoint extends BlobPoint {
  /** In order; the last one reaches to `unpacked`. */
  parts: TarPart[];
}

const VERSION = 1;
const LARGEST_MARK = 32_774;
const STATE = 112;

export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { hash, mark, ...rest } = checkpoint;
  return JSON.stringify({
    version: VERSION,
    ...rest,
    hash: hash.toString('base64'),
    mark: mark.toString('base64'),
  });
}

/** Undefined for anything that `formatCheckpoint` cannot have written. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const value = parseObject(text);
  if (value === undefined || value['version'] !== VERSION) return undefined;
  const [from, packed, unpacked, crc] = ['from', 'packed', 'unpacked', 'crc'].map((key) => count(value[key]));
  const hash = bytes(value['hash']);
  const mark = bytes(value['mark']);
  const parts = parseParts(value['parts']);
  const compression = value['compression'];
  if (compression !== 'gzip' && compression !== 'none') return undefined;
  if (from === undefined || packed === undefined || unpacked === undefined || crc === undefined)
    return undefined;
  if (packed < from || unpacked === 0 || crc > 0xffffffff) return undefined;
  if (hash?.length !== STATE || mark === undefined || mark.length > LARGEST_MARK) return undefined;
  if (compression === 'none' ? mark.length > 0 || packed !== unpacked : mark.length < 6) return undefined;
  if (parts?.at(-1)?.to !== unpacked) return undefined;
  return { compression, from, hash, packed, mark, unpacked, crc, parts };
}

function parseParts(value: unknown): TarPart[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts: TarPart[] = [];
  let end = 0;
  for (const one of value as unknown[]) {
    if (typeof one !== 'object' || one === null) return undefined;
    const { layer, to } = one as Record<string, unknown>;
    const place = count(to);
    if (typeof layer !== 'string' || !/^[0-9a-f]+$/.test(layer) || place === undefined || place <= end)
      return undefined;
    parts.push({ layer, to: place });
    end = place;
  }
  return parts;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function bytes(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
}
