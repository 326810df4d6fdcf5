import { GoDuration } from './go-duration-value.ts';
import { GoTime } from './go-time-value.ts';
import { entriesOf, isMap, isObject, typeName } from './go-value.ts';

/** `%v` of Go: what a template prints for a value inside others. */
export function goString(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goNumber(value);
  if (value instanceof GoTime || value instanceof GoDuration) return value.goString();
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`;
  if (isObject(value)) return goComposite(value, false);
  return String(value);
}

/** `%+v`: structs with the names of their fields. */
export function goStringWithNames(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goStringWithNames).join(' ')}]`;
  return isObject(value) ? goComposite(value, true) : goString(value);
}

/** `%#v`, for the types that occur. */
export function goSyntax(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `${typeName(value)}{${value.map(goSyntax).join(', ')}}`;
  if (isObject(value)) {
    const entries = entriesOf(value).map(
      ([key, item]) => `${isMap(value) ? quote(key) : key}:${goSyntax(item)}`,
    );
    return `${typeName(value)}{${entries.join(', ')}}`;
  }
  return goString(value);
}

/** What the template itself prints for the value of an action. */
export function printed(value: unknown): string {
  return value === undefined ? '<no value>' : goString(value);
}

/** `%q` */
export function quote(text: string): string {
  const body = text.replace(
    /[\u0000-\u001f"\\\u007f]/g,
    (character) => ESCAPES[character] ?? hexEscape(character),
  );
  return `"${body}"`;
}

/** Whole numbers are integers; others as strconv's shortest form with an exponent below 1e-4 and from 1e21 on. */
export function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e21) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function goComposite(value: Record<string, unknown>, withNames: boolean): string {
  const print = withNames ? goStringWithNames : goString;
  const map = isMap(value);
  const items = entriesOf(value).map(([key, item]) =>
    map || withNames ? `${key}:${print(item)}` : print(item),
  );
  return map ? `map[${items.join(' ')}]` : `{${items.join(' ')}}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
