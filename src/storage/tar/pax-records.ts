import { IntegrityError } from '../../base/errors.ts';

/** What an extended header (type x) says about the entry that follows. Text is latin1: a character per byte. */
export interface PaxRecords {
  fields: Map<string, string>;
  xattrs: Map<string, Buffer>;
  /** Offsets and sizes of the old sparse form 0.0, in which the keys repeat. */
  sparsePairs: number[];
}

const XATTR = 'SCHILY.xattr.';

/** Reads `length key=value\n` records. Throws IntegrityError for anything else. */
export function parsePaxRecords(data: Buffer): PaxRecords {
  const records: PaxRecords = { fields: new Map(), xattrs: new Map(), sparsePairs: [] };
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]{0,9}$/.test(digits) || end > data.length || data[end - 1] !== 0x0a) throw malformed();
    const equals = data.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw malformed();
    keep(records, data.toString('latin1', space + 1, equals), data.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Decimal seconds with an optional fraction, exact to the nanosecond, floor for times before 1970. */
export function parsePaxTime(value: string): { sec: number; nsec: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw new IntegrityError('an extended tar header has a time that is not a number');
  const sec = Number(match[2]);
  const nsec = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { sec, nsec };
  return nsec === 0 ? { sec: 0 - sec, nsec } : { sec: -sec - 1, nsec: 1e9 - nsec };
}

export function parsePaxNumber(value: string, field: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number))
    throw new IntegrityError(`an extended tar header has an impossible ${field}`);
  return number;
}

function keep(records: PaxRecords, key: string, value: Buffer): void {
  if (key.startsWith(XATTR)) {
    records.xattrs.set(Buffer.from(key.slice(XATTR.length), 'latin1').toString('utf8'), Buffer.from(value));
    return;
  }
  if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
    const isOffset = records.sparsePairs.length % 2 === 0;
    if (isOffset !== (key === 'GNU.sparse.offset')) throw malformed();
    records.sparsePairs.push(parsePaxNumber(value.toString('latin1'), key));
    return;
  }
  const isName = key === 'path' || key === 'linkpath' || key === 'GNU.sparse.name';
  if (isName && value.includes(0)) throw new IntegrityError('a name in an extended tar header contains NUL');
  // An empty value takes an earlier one back.
  if (value.length === 0) records.fields.delete(key);
  else records.fields.set(key, value.toString('latin1'));
}

function malformed(): IntegrityError {
  return new IntegrityError('an extended tar header is malformed');
}
