import { readFileSync, statSync } from 'node:fs';
import { InvalidSpecError } from '../base/errors.ts';

/**
 * Reads a file of bbolt (podman's state before 4.8): pages of a B+ tree, of which buckets are trees of their own. Nothing that the file says is
 * believed: every place is checked against its bounds, and no page is read twice in one bucket. What cannot be is an InvalidSpecError.
 */
export interface BoltBucket {
  /** Undefined: there is none, or it is a bucket. */
  get(key: string): Buffer | undefined;
  bucket(name: string): BoltBucket | undefined;
  /** In the order of the keys. */
  keys(): string[];
}

const MAGIC = 0xed0cdaed;
const VERSION = 2;
const PAGE_HEADER = 16;
const META_SIZE = 64;
const ELEMENT = 16;
const BUCKET_HEADER = 16;
const BRANCH_PAGE = 0x01;
const LEAF_PAGE = 0x02;
const BUCKET_FLAG = 0x01;
const DEEPEST = 64;
const LARGEST_FILE = 1 << 30;
const PAGE_SIZES = [4096, 8192, 16384, 32768, 65536, 512, 1024, 2048];

interface Leaf {
  value: Buffer;
  isBucket: boolean;
}

interface Pages {
  data: Buffer;
  size: number;
}

/** The state of its last whole transaction. */
export function readBoltFile(path: string): BoltBucket {
  if (statSync(path).size > LARGEST_FILE) throw new InvalidSpecError(`${path} is larger than 1 GiB`);
  const data = readFileSync(path);
  const metas = PAGE_SIZES.flatMap((size) => [metaAt(data, 0, size), metaAt(data, size, size)]);
  const valid = metas.filter((meta) => meta !== undefined).sort((a, b) => Number(b.txid - a.txid));
  const newest = valid[0];
  if (newest === undefined)
    throw new InvalidSpecError(`${path} is no bolt database, or both its heads are damaged`);
  return bucketAt({ data, size: newest.pageSize }, newest.root, 0);
}

/** Two take turns; the one that was being written when a machine went down has a wrong sum. */
function metaAt(
  data: Buffer,
  at: number,
  pageSize: number,
): { txid: bigint; root: bigint; pageSize: number } | undefined {
  const start = at + PAGE_HEADER;
  if (start + META_SIZE > data.length) return undefined;
  if (data.readUInt32LE(start) !== MAGIC || data.readUInt32LE(start + 4) !== VERSION) return undefined;
  if (data.readUInt32LE(start + 8) !== pageSize) return undefined;
  const sum = data.readBigUInt64LE(start + META_SIZE - 8);
  if (sum !== fnv1a(data.subarray(start, start + META_SIZE - 8))) return undefined;
  return { txid: data.readBigUInt64LE(start + 48), root: data.readBigUInt64LE(start + 16), pageSize };
}

function fnv1a(bytes: Buffer): bigint {
  let sum = 0xcbf29ce484222325n;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum;
}

function bucketAt(pages: Pages, root: bigint, depth: number): BoltBucket {
  const leaves = new Map<string, Leaf>();
  collect(pages, root, { leaves, seen: new Set() });
  return bucketOf(pages, leaves, depth);
}

function bucketOf(pages: Pages, leaves: ReadonlyMap<string, Leaf>, depth: number): BoltBucket {
  if (depth > DEEPEST) throw damaged('buckets within buckets without end');
  return {
    get: (key) => {
      const leaf = leaves.get(key);
      return leaf === undefined || leaf.isBucket ? undefined : leaf.value;
    },
    bucket: (name) => {
      const leaf = leaves.get(name);
      return leaf?.isBucket === true ? openBucket(pages, leaf.value, depth + 1) : undefined;
    },
    keys: () => [...leaves.keys()],
  };
}

/** A small one lies in the value itself: its header, then a page. */
function openBucket(pages: Pages, value: Buffer, depth: number): BoltBucket {
  if (value.length < BUCKET_HEADER) throw damaged('a bucket without a header');
  const root = value.readBigUInt64LE(0);
  if (root !== 0n) return bucketAt(pages, root, depth);
  const leaves = new Map<string, Leaf>();
  readLeaves(value.subarray(BUCKET_HEADER), leaves);
  return bucketOf(pages, leaves, depth);
}

function collect(
  pages: Pages,
  id: bigint,
  { leaves, seen }: { leaves: Map<string, Leaf>; seen: Set<bigint> },
): void {
  if (seen.has(id)) throw damaged(`page ${id} is part of itself`);
  seen.add(id);
  const page = pageAt(pages, id);
  if (page.readUInt16LE(8) !== BRANCH_PAGE) {
    readLeaves(page, leaves);
    return;
  }
  const count = countOf(page);
  for (let i = 0; i < count; i++)
    collect(pages, page.readBigUInt64LE(PAGE_HEADER + i * ELEMENT + 8), { leaves, seen });
}

/** With those that it flows over into. */
function pageAt({ data, size }: Pages, id: bigint): Buffer {
  const start = id * BigInt(size);
  if (start + BigInt(PAGE_HEADER) > BigInt(data.length)) throw damaged(`page ${id} lies beyond the end`);
  const at = Number(start);
  const end = at + (data.readUInt32LE(at + 12) + 1) * size;
  return data.subarray(at, Math.min(end, data.length));
}

function readLeaves(page: Buffer, leaves: Map<string, Leaf>): void {
  if (page.length < PAGE_HEADER || page.readUInt16LE(8) !== LEAF_PAGE)
    throw damaged('a page of a wrong kind');
  const count = countOf(page);
  for (let i = 0; i < count; i++) {
    const at = PAGE_HEADER + i * ELEMENT;
    const key = at + page.readUInt32LE(at + 4);
    const value = key + page.readUInt32LE(at + 8);
    const end = value + page.readUInt32LE(at + 12);
    if (end > page.length) throw damaged('an entry lies beyond the end of its page');
    const isBucket = (page.readUInt32LE(at) & BUCKET_FLAG) !== 0;
    leaves.set(page.toString('utf8', key, value), { value: page.subarray(value, end), isBucket });
  }
}

function countOf(page: Buffer): number {
  const count = page.readUInt16LE(10);
  if (PAGE_HEADER + count * ELEMENT > page.length)
    throw damaged('a page with more entries than it has room for');
  return count;
}

function damaged(what: string): InvalidSpecError {
  return new InvalidSpecError(`the database is damaged, or was written to while it was read: ${what}`);
}
