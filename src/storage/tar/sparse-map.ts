import { IntegrityError } from '../../base/errors.ts';
import type { PaxRecords } from './pax-records.ts';
import { parsePaxNumber } from './pax-records.ts';
import { octal } from './tar-header.ts';
import { BLOCK, type TarSource } from './tar-source.ts';

/** A file with holes: the archive holds its pieces one after the other. */
export interface SparseMap {
  realSize: number;
  /** Offset and length in turn, ascending. */
  pieces: number[];
}

const MAX_PIECES = 250_000;

/** GNU's old form: four pieces in the header, 21 in each of the blocks that may follow. */
export function readOldSparseMap(
  header: Buffer,
  source: TarSource,
  onLiteral: (bytes: Buffer) => void,
): SparseMap {
  const pieces: number[] = [];
  const realSize = octal(header, 483, 12);
  takePairs(header, 386, 4, pieces);
  for (let more = header[482] !== 0; more; ) {
    const block = source.block();
    if (block === undefined) throw new IntegrityError('the archive ends in the middle of a sparse map');
    onLiteral(block);
    takePairs(block, 0, 21, pieces);
    more = block[504] !== 0;
    if (pieces.length > 2 * MAX_PIECES) throw tooMany();
  }
  return { realSize, pieces };
}

/** The three pax forms; undefined for an ordinary file. 1.0 keeps its map in front of the content: `consumed` bytes. */
export function readPaxSparseMap(
  pax: PaxRecords,
  payload: number,
  source: TarSource,
  onLiteral: (bytes: Buffer) => void,
): { map: SparseMap; consumed: number } | undefined {
  const realSize = pax.fields.get('GNU.sparse.realsize') ?? pax.fields.get('GNU.sparse.size');
  if (realSize === undefined) return undefined;
  const map: SparseMap = { realSize: parsePaxNumber(realSize, 'sparse size'), pieces: [] };
  if (pax.fields.get('GNU.sparse.major') === '1') {
    const consumed = readLeadingMap(map, payload, source, onLiteral);
    return { map, consumed };
  }
  const list = pax.fields.get('GNU.sparse.map');
  if (list !== undefined) map.pieces = list.split(',').map((item) => parsePaxNumber(item, 'sparse map'));
  else map.pieces = pax.sparsePairs;
  if (map.pieces.length > 2 * MAX_PIECES) throw tooMany();
  return { map, consumed: 0 };
}

/** Throws unless the pieces ascend, do not overlap, fit in the file and add up to the content in the archive. */
export function checkSparseMap(map: SparseMap, payload: number): void {
  let end = 0;
  let total = 0;
  if (map.pieces.length % 2 !== 0) throw new IntegrityError('a sparse map is incomplete');
  for (let i = 0; i < map.pieces.length; i += 2) {
    const offset = map.pieces[i] ?? 0;
    const length = map.pieces[i + 1] ?? 0;
    if (offset < end || !Number.isSafeInteger(offset + length))
      throw new IntegrityError('a sparse map has overlapping pieces');
    end = offset + length;
    total += length;
  }
  if (end > map.realSize) throw new IntegrityError('a sparse map reaches past the end of its file');
  if (total !== payload) throw new IntegrityError('a sparse map does not agree with the size of its entry');
}

function takePairs(block: Buffer, start: number, count: number, pieces: number[]): void {
  for (let i = 0; i < count; i++) {
    const at = start + i * 24;
    if (block[at] === 0) return;
    pieces.push(octal(block, at, 12), octal(block, at + 12, 12));
  }
}

/** Decimal numbers on lines, the first one the number of pieces, padded to whole blocks. */
function readLeadingMap(
  map: SparseMap,
  payload: number,
  source: TarSource,
  onLiteral: (bytes: Buffer) => void,
): number {
  let consumed = 0;
  let pending = '';
  let wanted: number | undefined;
  while (wanted === undefined || map.pieces.length < wanted) {
    const newline = pending.indexOf('\n');
    if (newline >= 0) {
      const value = parsePaxNumber(pending.slice(0, newline), 'sparse map');
      pending = pending.slice(newline + 1);
      if (wanted === undefined) wanted = value * 2;
      else map.pieces.push(value);
      if (wanted > 2 * MAX_PIECES) throw tooMany();
      continue;
    }
    if (pending.length > 32 || consumed + BLOCK > payload)
      throw new IntegrityError('a sparse map is damaged');
    const block = source.block();
    if (block === undefined) throw new IntegrityError('the archive ends in the middle of a sparse map');
    onLiteral(block);
    consumed += BLOCK;
    pending += block.toString('latin1');
  }
  return consumed;
}

function tooMany(): IntegrityError {
  return new IntegrityError(`a sparse map has more than ${MAX_PIECES} pieces`);
}
