import type { Cursor, ExpandOptions, ExpandUntil } from './expansion.ts';
import { type Affix, removePrefix, removeSuffix, replacePattern } from './shell-pattern.ts';

const SPECIAL = /[@*#?\-$!0]/;

/** `$name` or `${…}` at the cursor; `$` before anything else is itself. `expandUntil` reads the words within. */
export function parseParameter(cursor: Cursor, options: ExpandOptions, expandUntil: ExpandUntil): string {
  cursor.position++;
  if (cursor.text[cursor.position] !== '{') {
    const name = takeName(cursor);
    return name === '' ? '$' : (options.lookup(name) ?? '');
  }
  cursor.position++;
  const name = takeName(cursor);
  if (name === '') throw new Error(badSubstitution(cursor));
  return applyModifier(name, { cursor, options, expandUntil });
}

interface Reading {
  cursor: Cursor;
  options: ExpandOptions;
  expandUntil: ExpandUntil;
}

function applyModifier(name: string, reading: Reading): string {
  const { cursor, options } = reading;
  const value = options.lookup(name);
  const modifier = cursor.text[cursor.position++];
  switch (modifier) {
    case undefined:
      throw new Error(`"}" is missing after \${${name}`);
    case '}':
      return value ?? '';
    case '#':
      return removePrefix(value ?? '', takePattern(reading, modifier));
    case '%':
      return removeSuffix(value ?? '', takePattern(reading, modifier));
    case '/':
      return replaceIn(value ?? '', reading);
    case ':':
      return chooseWord({ name, value, emptyIsUnset: true }, cursor.text[cursor.position++], reading);
    default:
      return chooseWord({ name, value, emptyIsUnset: false }, modifier, reading);
  }
}

interface Variable {
  name: string;
  value: string | undefined;
  emptyIsUnset: boolean;
}

function chooseWord(
  { name, value, emptyIsUnset }: Variable,
  operator: string | undefined,
  { cursor, options, expandUntil }: Reading,
): string {
  if (operator !== '-' && operator !== '+' && operator !== '?')
    throw new Error(
      `unsupported modifier ${JSON.stringify((emptyIsUnset ? ':' : '') + (operator ?? ''))} in \${${name}…}`,
    );
  const word = expandUntil(cursor, options, '}').text;
  const isSet = value !== undefined && !(emptyIsUnset && value === '');
  if (operator === '-') return isSet ? value : word;
  if (operator === '+') return isSet ? word : '';
  if (isSet) return value;
  const state = value === undefined ? 'unset' : 'empty';
  throw new Error(`${name}: ${word === '' ? `is not allowed to be ${state}` : word}`);
}

/** Doubled, the operator takes the longest match. */
function takePattern({ cursor, options, expandUntil }: Reading, operator: '#' | '%'): Affix {
  const word = expandUntil(cursor, { ...options, keepEscapes: true }, '}').text;
  return word.startsWith(operator)
    ? { pattern: word.slice(1), greedy: true }
    : { pattern: word, greedy: false };
}

function replaceIn(value: string, { cursor, options, expandUntil }: Reading): string {
  const all = cursor.text[cursor.position] === '/';
  if (all) cursor.position++;
  const keepEscapes = { ...options, keepEscapes: true };
  const pattern = expandUntil(cursor, keepEscapes, '/').text;
  const replacement = expandUntil(cursor, keepEscapes, '}').text;
  return replacePattern(value, { pattern, replacement: replacement.replace(/\\([/}])/g, '$1'), all });
}

/** Digits alone, one special parameter, or letters, digits and underscores. */
function takeName(cursor: Cursor): string {
  const rest = cursor.text.slice(cursor.position);
  const name =
    /^(\d+|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest)?.[0] ?? (SPECIAL.test(rest[0] ?? '') ? rest[0] : '');
  cursor.position += name?.length ?? 0;
  return name ?? '';
}

function badSubstitution(cursor: Cursor): string {
  return cursor.text[cursor.position] === undefined
    ? '"}" is missing at the end'
    : 'bad substitution: no name follows "${"';
}
