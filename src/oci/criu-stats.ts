import { readFileSync } from 'node:fs';
import { IntegrityError } from '../base/errors.ts';

/** podman's names for what CRIU has measured: times are microseconds, pages counts. A measure that is zero is left out. */
export type CriuStatistics = Record<string, number>;

/** Fields of CRIU's StatsEntry message: the one of a dump is in field 1, that of a restore in field 2. */
const FIELDS: Readonly<
  Record<'dump' | 'restore', { field: number; names: Readonly<Record<number, string>> }>
> = {
  dump: {
    field: 1,
    names: {
      1: 'freezing_time',
      2: 'frozen_time',
      3: 'memdump_time',
      4: 'memwrite_time',
      5: 'pages_scanned',
      7: 'pages_written',
    },
  },
  restore: {
    field: 2,
    names: {
      1: 'pages_compared',
      2: 'pages_skipped_cow',
      3: 'forking_time',
      4: 'restore_time',
      5: 'pages_restored',
    },
  },
};

/** Two magic numbers and the size of the message that follows. */
const HEADER_BYTES = 12;
const SERVICE_MAGIC = 0x5510_5940;
const STATS_MAGIC = 0x5709_3306;

/** Reads a `stats-dump` or `stats-restore` file of CRIU's (criu.org/Statistics). IntegrityError when it is none. */
export function readCriuStatistics(file: string, kind: 'dump' | 'restore'): CriuStatistics {
  const bytes = readFileSync(file);
  const { field, names } = FIELDS[kind];
  if (
    bytes.length < HEADER_BYTES ||
    bytes.readUInt32LE(0) !== SERVICE_MAGIC ||
    bytes.readUInt32LE(4) !== STATS_MAGIC
  )
    throw new IntegrityError(`${file} holds no statistics of CRIU's`);
  const message = bytes.subarray(HEADER_BYTES, HEADER_BYTES + bytes.readUInt32LE(8));
  const entry = readFields(message).find((each) => each.number === field)?.bytes;
  const statistics: CriuStatistics = {};
  for (const { number, value } of entry === undefined ? [] : readFields(entry)) {
    const name = names[number];
    if (name !== undefined && value !== 0) statistics[name] = value;
  }
  return statistics;
}

interface Field {
  number: number;
  value: number;
  bytes: Buffer | undefined;
}

/** Of the kinds that protocol buffers have only these two occur here: numbers, and messages within. */
function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined || factor > 2 ** 63) throw new IntegrityError('statistics of CRIU break off');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const kind = key % 8;
    if (kind !== 0 && kind !== 2) throw new IntegrityError('statistics of CRIU have an unknown form');
    const value = varint();
    if (kind === 0) {
      fields.push({ number, value, bytes: undefined });
      continue;
    }
    fields.push({ number, value: 0, bytes: message.subarray(at, at + value) });
    at += value;
  }
  return fields;
}
