import { equals, equalsAny, FunctionError, isLess } from './compare.ts';
import { escapeHtml, escapeJs, escapeUrlQuery } from './escape.ts';
import { goString, printed } from './go-print.ts';
import { isMap, isTrue, toJson, typeName } from './go-value.ts';
import { sprintf } from './printf.ts';

interface TemplateFunction {
  min: number;
  max: number;
  call: (args: unknown[]) => unknown;
}

export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

const MANY = Number.POSITIVE_INFINITY;

/** `and` and `or` are not here: they do not evaluate what they need not; see execute.ts. */
export const functions: FunctionTable = {
  not: { min: 1, max: 1, call: ([value]) => !isTrue(value) },
  eq: { min: 1, max: MANY, call: ([first, ...others]) => equalsAny(first, others) },
  ne: { min: 2, max: 2, call: ([a, b]) => !equals(a, b) },
  lt: { min: 2, max: 2, call: ([a, b]) => isLess(a, b) },
  le: { min: 2, max: 2, call: ([a, b]) => isLess(a, b) || equals(a, b) },
  gt: { min: 2, max: 2, call: ([a, b]) => !isLess(a, b) && !equals(a, b) },
  ge: { min: 2, max: 2, call: ([a, b]) => !isLess(a, b) },
  len: { min: 1, max: 1, call: ([value]) => lengthOf(value) },
  index: { min: 1, max: MANY, call: ([value, ...keys]) => keys.reduce(elementAt, value) },
  slice: { min: 1, max: 4, call: ([value, ...bounds]) => sliceOf(value, bounds) },
  print: { min: 0, max: MANY, call: sprint },
  printf: { min: 1, max: MANY, call: ([format, ...operands]) => sprintf(asText(format, 'printf'), operands) },
  println: { min: 0, max: MANY, call: (args) => `${args.map(goString).join(' ')}\n` },
  html: { min: 0, max: MANY, call: (args) => escapeHtml(sprint(args)) },
  js: { min: 0, max: MANY, call: (args) => escapeJs(sprint(args)) },
  urlquery: { min: 0, max: MANY, call: (args) => escapeUrlQuery(sprint(args)) },
  call: { min: 1, max: MANY, call: ([callee, ...args]) => callValue(callee, args) },
  json: { min: 1, max: 1, call: ([value]) => toJson(value) },
  join: { min: 2, max: 2, call: ([list, separator]) => asList(list).join(asText(separator, 'join')) },
  split: {
    min: 2,
    max: 2,
    call: ([text, separator]) => asText(text, 'split').split(asText(separator, 'split')),
  },
  lower: { min: 1, max: 1, call: ([text]) => asText(text, 'lower').toLowerCase() },
  upper: { min: 1, max: 1, call: ([text]) => asText(text, 'upper').toUpperCase() },
  title: { min: 1, max: 1, call: ([text]) => titleOf(asText(text, 'title')) },
  truncate: { min: 2, max: 2, call: ([text, length]) => asText(text, 'truncate').slice(0, Number(length)) },
  pad: { min: 3, max: 3, call: ([text, before, after]) => padded(asText(text, 'pad'), before, after) },
};

export const functionNames: ReadonlySet<string> = new Set([...Object.keys(functions), 'and', 'or']);

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value === null || value === undefined) throw new FunctionError('len of nil pointer');
  throw new FunctionError(`len of type ${typeName(value)}`);
}

function elementAt(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) throw new FunctionError('index of untyped nil');
  if (isMap(value)) {
    if (typeof key !== 'string') {
      throw new FunctionError(`value has type ${typeName(key)}; should be string`);
    }
    if (Object.hasOwn(value, key)) return value[key];
    return Object.values(value).some((item) => typeof item !== 'string') ? undefined : '';
  }
  if (!Array.isArray(value) && typeof value !== 'string') {
    throw new FunctionError(`can't index item of type ${typeName(value)}`);
  }
  const at = asIndex(key);
  const items = typeof value === 'string' ? [...Buffer.from(value)] : value;
  if (at < 0 || at >= items.length) throw new FunctionError(`index out of range: ${at}`);
  return items[at];
}

function sliceOf(value: unknown, bounds: readonly unknown[]): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw new FunctionError(`can't slice item of type ${typeName(value)}`);
  }
  const [from = 0, to = lengthOf(value)] = bounds.map(asIndex);
  if (from < 0 || to > lengthOf(value))
    throw new FunctionError(`index out of range: ${from < 0 ? from : to}`);
  if (from > to) throw new FunctionError(`invalid slice index: ${from} > ${to}`);
  return typeof value === 'string' ? Buffer.from(value).subarray(from, to).toString() : value.slice(from, to);
}

function asIndex(key: unknown): number {
  if (typeof key === 'bigint') return Number(key);
  if (typeof key === 'number' && Number.isInteger(key)) return key;
  if (key === null || key === undefined) throw new FunctionError('cannot index slice/array with nil');
  throw new FunctionError(`cannot index slice/array with type ${typeName(key)}`);
}

/** fmt.Sprint: a blank between operands when neither is a string. */
function sprint(args: readonly unknown[]): string {
  let text = '';
  args.forEach((arg, index) => {
    if (index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string') text += ' ';
    text += goString(arg);
  });
  return text;
}

function callValue(callee: unknown, args: unknown[]): unknown {
  if (typeof callee !== 'function') throw new FunctionError(`non-function of type ${typeName(callee)}`);
  return callee(...args);
}

function asText(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new FunctionError(`wrong type for value; expected string; got ${typeName(value)} (in ${name})`);
}

function asList(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map(printed);
  throw new FunctionError(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function titleOf(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{Nd}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function padded(text: string, before: unknown, after: unknown): string {
  return text === '' ? text : ' '.repeat(Number(before)) + text + ' '.repeat(Number(after));
}
