import { Header } from 'tar/header';

export type WrittenType =
  | 'File'
  | 'Directory'
  | 'SymbolicLink'
  | 'Link'
  | 'CharacterDevice'
  | 'BlockDevice'
  | 'FIFO';

/** Names are latin1 text: a character per byte. */
export interface WrittenEntry {
  type: WrittenType;
  name: string;
  linkName?: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtimeSec: number;
  mtimeNsec: number;
  major?: number;
  minor?: number;
  xattrs?: readonly (readonly [string, Buffer])[];
}

const BLOCK = 512;
const NAME_BYTES = 100;
const MAX_ID = 0o7777777;
const MAX_SIZE = 0o77777777777;
const PLAIN = /^[\x01-\x7f]{0,100}$/;

/** The header blocks of one entry; a pax header comes first where the old one cannot say everything. */
export function tarHeader(entry: WrittenEntry): Buffer {
  const records = paxRecords(entry);
  const header = encode(entry);
  if (records.length === 0) return header;
  const content = Buffer.concat(records);
  const extended = encode({
    ...{ type: 'File', name: 'pax', mode: 0o644, uid: 0, gid: 0, mtimeNsec: 0 },
    size: content.length,
    mtimeSec: Math.max(0, entry.mtimeSec),
  });
  extended.write('x', 156, 'latin1');
  writeChecksum(extended);
  return Buffer.concat([extended, content, tarPadding(content.length), header]);
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = Buffer.alloc(2 * BLOCK);

function encode(entry: WrittenEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const header = new Header({
    type: entry.type,
    // Written below, as bytes.
    path: '',
    mode: entry.mode & 0o7777,
    uid: entry.uid > MAX_ID ? 0 : entry.uid,
    gid: entry.gid > MAX_ID ? 0 : entry.gid,
    size: entry.size > MAX_SIZE ? 0 : entry.size,
    mtime: new Date(Math.max(0, entry.mtimeSec) * 1000),
    devmaj: entry.major ?? 0,
    devmin: entry.minor ?? 0,
  });
  header.encode(block, 0);
  block.write(entry.name, 0, NAME_BYTES, 'latin1');
  block.write(entry.linkName ?? '', 157, NAME_BYTES, 'latin1');
  writeChecksum(block);
  return block;
}

function paxRecords(entry: WrittenEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer): void => {
    records.push(paxRecord(key, typeof value === 'string' ? Buffer.from(value, 'latin1') : value));
  };
  if (!PLAIN.test(entry.name)) add('path', entry.name);
  if (!PLAIN.test(entry.linkName ?? '')) add('linkpath', entry.linkName ?? '');
  if (entry.uid > MAX_ID) add('uid', String(entry.uid));
  if (entry.gid > MAX_ID) add('gid', String(entry.gid));
  if (entry.size > MAX_SIZE) add('size', String(entry.size));
  if (entry.mtimeNsec !== 0 || entry.mtimeSec < 0) add('mtime', decimalTime(entry.mtimeSec, entry.mtimeNsec));
  for (const [name, value] of entry.xattrs ?? []) records.push(paxRecord(`SCHILY.xattr.${name}`, value));
  return records;
}

/** Seconds before 1970 count downwards: -2 s and 750,000,000 ns is -1.25. */
function decimalTime(sec: number, nsec: number): string {
  const whole = sec < 0 && nsec > 0 ? sec + 1 : sec;
  const fraction = sec < 0 && nsec > 0 ? 1e9 - nsec : nsec;
  const sign = sec < 0 && whole === 0 ? '-' : '';
  return `${sign}${whole}${fraction === 0 ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`}`;
}

/** A record begins with its own length in decimal. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  if (String(length).length !== String(rest.length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
