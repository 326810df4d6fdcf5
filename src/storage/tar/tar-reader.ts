import { IntegrityError } from '../../base/errors.ts';
import { type PaxRecords, parsePaxNumber, parsePaxRecords, parsePaxTime } from './pax-records.ts';
import { checkSparseMap, readOldSparseMap, readPaxSparseMap, type SparseMap } from './sparse-map.ts';
import { identifier, parseTarHeader, type TarHeader } from './tar-header.ts';
import { BLOCK, type TarSource } from './tar-source.ts';

export type TarEntryKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'char'
  | 'block'
  | 'fifo'
  | 'ignored';

/** An entry with its extended headers applied. Names are bytes, kept as latin1 text: a character per byte. */
export interface TarEntry {
  kind: TarEntryKind;
  name: string;
  linkName: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content in the archive. */
  payload: number;
  /** Size of the file; larger than `payload` where it is sparse. */
  size: number;
  mtimeSec: number;
  mtimeNsec: number;
  major: number;
  minor: number;
  xattrs: ReadonlyMap<string, Buffer> | undefined;
  sparse: SparseMap | undefined;
}

/** Extended headers and long names above this are an attack, not metadata. */
const MAX_EXTENSION = 1 << 20;

const KINDS: Readonly<Record<string, TarEntryKind>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  V: 'ignored',
};

interface Extensions {
  pax: PaxRecords | undefined;
  name: string | undefined;
  linkName: string | undefined;
}

/**
 * Reads POSIX (pax, ustar), GNU and old tars. What is not content of an entry, or content that nobody asked for, goes to `onLiteral`
 * byte for byte and in order; together with the content handed out this is the whole archive.
 */
export class TarReader {
  readonly #source: TarSource;
  readonly #onLiteral: (bytes: Buffer) => void;
  #payloadLeft = 0;
  #padding = 0;

  constructor(source: TarSource, onLiteral: (bytes: Buffer) => void) {
    this.#source = source;
    this.#onLiteral = onLiteral;
  }

  /** The next entry; undefined at the end, when the rest of the stream has been read too. */
  next(): TarEntry | undefined {
    this.#skipContent();
    const extensions: Extensions = { pax: undefined, name: undefined, linkName: undefined };
    for (;;) {
      const block = this.#source.block();
      if (block === undefined) return this.#atEnd(extensions);
      const header = parseTarHeader(block);
      this.#onLiteral(block);
      if (header === undefined) {
        this.#drain();
        return this.#atEnd(extensions);
      }
      if (header.type === 'x' || header.type === 'X')
        extensions.pax = parsePaxRecords(this.#extension(header));
      else if (header.type === 'L') extensions.name = untilNul(this.#extension(header));
      else if (header.type === 'K') extensions.linkName = untilNul(this.#extension(header));
      // Global headers carry comments only; docker and podman ignore them as well.
      else if (header.type === 'g') this.#extension(header);
      else return this.#entry(header, extensions, block);
    }
  }

  /** Up to `limit` bytes of the current entry's content, valid until the next call; undefined when it is used up. */
  content(limit: number): Buffer | undefined {
    if (this.#payloadLeft === 0) return undefined;
    const part = this.#source.some(Math.min(limit, this.#payloadLeft));
    this.#payloadLeft -= part.length;
    return part;
  }

  #entry(header: TarHeader, extensions: Extensions, block: Buffer): TarEntry {
    const { pax } = extensions;
    const field = (key: string): string | undefined => pax?.fields.get(key);
    const name = field('GNU.sparse.name') ?? field('path') ?? extensions.name ?? header.name;
    const kind = kindOf(header.type, name);
    const mtime = field('mtime');
    const time = mtime === undefined ? { sec: header.mtimeSec, nsec: 0 } : parsePaxTime(mtime);
    const uid = field('uid');
    const gid = field('gid');
    const size = field('size');
    const entry: TarEntry = {
      kind,
      name,
      linkName: field('linkpath') ?? extensions.linkName ?? header.linkName,
      mode: header.mode,
      uid: uid === undefined ? header.uid : identifier(parsePaxNumber(uid, 'uid'), 'uid'),
      gid: gid === undefined ? header.gid : identifier(parsePaxNumber(gid, 'gid'), 'gid'),
      payload: size === undefined ? header.size : parsePaxNumber(size, 'size'),
      size: 0,
      mtimeSec: time.sec,
      mtimeNsec: time.nsec,
      major: header.major,
      minor: header.minor,
      xattrs: pax !== undefined && pax.xattrs.size > 0 ? pax.xattrs : undefined,
      sparse: undefined,
    };
    // Links, directories and devices have no content, whatever their size says.
    if (kind !== 'file' && kind !== 'ignored') entry.payload = 0;
    if (!Number.isSafeInteger(entry.payload + BLOCK)) throw new IntegrityError('an entry has an absurd size');
    this.#padding = (BLOCK - (entry.payload % BLOCK)) % BLOCK;
    entry.size = entry.payload;
    if (kind === 'file') this.#readSparseMap(entry, header, pax, block);
    this.#payloadLeft = entry.payload;
    return entry;
  }

  #readSparseMap(entry: TarEntry, header: TarHeader, pax: PaxRecords | undefined, block: Buffer): void {
    if (header.type === 'S') {
      entry.sparse = readOldSparseMap(Buffer.from(block), this.#source, this.#onLiteral);
    } else if (pax !== undefined) {
      const found = readPaxSparseMap(pax, entry.payload, this.#source, this.#onLiteral);
      if (found === undefined) return;
      entry.sparse = found.map;
      entry.payload -= found.consumed;
    }
    if (entry.sparse === undefined) return;
    checkSparseMap(entry.sparse, entry.payload);
    entry.size = entry.sparse.realSize;
  }

  #extension(header: TarHeader): Buffer {
    if (header.size > MAX_EXTENSION)
      throw new IntegrityError(`an extended tar header is larger than ${MAX_EXTENSION} bytes`);
    const data = this.#source.bytes(Math.ceil(header.size / BLOCK) * BLOCK);
    this.#onLiteral(data);
    return data.subarray(0, header.size);
  }

  #skipContent(): void {
    for (let part = this.content(BLOCK * 128); part !== undefined; part = this.content(BLOCK * 128))
      this.#onLiteral(part);
    for (; this.#padding > 0; ) {
      const part = this.#source.some(this.#padding);
      this.#padding -= part.length;
      this.#onLiteral(part);
    }
  }

  #drain(): void {
    for (let rest = this.#source.rest(); rest !== undefined; rest = this.#source.rest())
      this.#onLiteral(rest);
  }

  #atEnd(extensions: Extensions): undefined {
    if (extensions.pax ?? extensions.name ?? extensions.linkName)
      throw new IntegrityError('the archive ends after an extended header');
  }
}

function kindOf(type: string, name: string): TarEntryKind {
  const kind = KINDS[type];
  if (kind === undefined) throw new IntegrityError(`an entry has the unknown type ${JSON.stringify(type)}`);
  // Before POSIX, directories were files whose name ends with a slash.
  return kind === 'file' && type === '0' && name.endsWith('/') ? 'directory' : kind;
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('latin1', 0, end < 0 ? data.length : end);
}
