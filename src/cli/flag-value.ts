import type { FlagRecord, FlagValue } from './flag.ts';

/** A value that does not fit its flag's type; the message is the part after `invalid argument "x" for "--y" flag: `. */
export class BadValue extends Error {}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
const LARGEST = { ParseInt: 2n ** 63n - 1n, ParseUint: 2n ** 64n - 1n };
const INTEGER = /^([+-]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[0-9]+)$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What the flag holds after one more occurrence with `text`; `previous` is undefined at its first one. */
export function addOccurrence(flag: FlagRecord, previous: FlagValue, text: string): FlagValue {
  if (flag.values !== undefined && !flag.values.includes(text)) {
    throw new BadValue(`must be one of ${flag.values.join(', ')}`);
  }
  switch (flag.type) {
    case 'bool':
      return parseBool(text);
    case 'int':
      return parseInteger(text, 'ParseInt');
    case 'uint':
      return parseInteger(text, 'ParseUint');
    case 'float':
      return parseFloating(text);
    case 'stringArray':
      return [...(Array.isArray(previous) ? previous : []), text];
    case 'stringSlice':
      return [...(Array.isArray(previous) ? previous : []), ...splitCsv(text)];
    default:
      return text;
  }
}

export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new BadValue(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function parseInteger(text: string, as: keyof typeof LARGEST): number {
  const match = INTEGER.exec(text);
  const [, sign = '', digits = ''] = match ?? [];
  if (match === null || (as === 'ParseUint' && sign !== ''))
    throw new BadValue(`strconv.${as}: parsing ${JSON.stringify(text)}: invalid syntax`);
  const octal = /^0[0-7]+$/.test(digits);
  const size = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (size > LARGEST[as])
    throw new BadValue(`strconv.${as}: parsing ${JSON.stringify(text)}: value out of range`);
  return sign === '-' ? -Number(size) : Number(size);
}

function parseFloating(text: string): number {
  if (!FLOAT.test(text)) {
    throw new BadValue(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** One csv record: commas separate, double quotes group, two of them inside quotes are one. */
export function splitCsv(text: string): string[] {
  if (text === '') return [];
  if (!text.includes('"')) return text.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function bareField(text: string, start: number): { field: string; end: number } {
  const comma = text.indexOf(',', start);
  const end = comma === -1 ? text.length : comma;
  const field = text.slice(start, end);
  const quote = field.indexOf('"');
  if (quote !== -1) throw csvError(start + quote, 'bare " in non-quoted field');
  return { field, end };
}

function quotedField(text: string, start: number): { field: string; end: number } {
  let field = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw csvError(text.length, 'extraneous or missing " in quoted-field');
    field += text.slice(at, quote);
    const next = text[quote + 1];
    if (next === undefined || next === ',') return { field, end: quote + 1 };
    if (next !== '"') throw csvError(quote, 'extraneous or missing " in quoted-field');
    field += '"';
    at = quote + 2;
  }
}

function csvError(index: number, reason: string): BadValue {
  return new BadValue(`parse error on line 1, column ${index + 1}: ${reason}`);
}
