/** Patterns of `${x#…}`, `${x%…}` and `${x/…}`: `*`, `?`, and a backslash before what is meant literally. */
export interface Affix {
  pattern: string;
  /** The longest match, not the shortest. */
  greedy: boolean;
}

export function removePrefix(value: string, { pattern, greedy }: Affix): string {
  for (const length of lengths(value, greedy))
    if (matches(pattern, value.slice(0, length))) return value.slice(length);
  return value;
}

export function removeSuffix(value: string, { pattern, greedy }: Affix): string {
  for (const length of lengths(value, greedy))
    if (matches(pattern, value.slice(value.length - length))) return value.slice(0, value.length - length);
  return value;
}

export function replacePattern(
  value: string,
  { pattern, replacement, all }: { pattern: string; replacement: string; all: boolean },
): string {
  if (pattern === '') return value;
  let result = '';
  let start = 0;
  while (start < value.length) {
    const length = longestMatch(pattern, value.slice(start));
    if (length === undefined || length === 0) {
      result += value[start++];
      continue;
    }
    result += replacement;
    start += length;
    if (!all) break;
  }
  return result + value.slice(start);
}

function longestMatch(pattern: string, text: string): number | undefined {
  return lengths(text, true).find((length) => matches(pattern, text.slice(0, length)));
}

function lengths(value: string, longestFirst: boolean): number[] {
  const all = Array.from({ length: value.length + 1 }, (_, length) => length);
  return longestFirst ? all.reverse() : all;
}

/** By hand, not by a regular expression: the pattern may be hostile, and this cannot take exponential time. */
function matches(pattern: string, text: string): boolean {
  const tokens = tokenize(pattern);
  let reachable = new Set([0]);
  for (const token of tokens) {
    const next = new Set<number>();
    for (const position of reachable) {
      if (token === ANY_RUN) for (let each = position; each <= text.length; each++) next.add(each);
      else if (position < text.length && (token === ANY_ONE || token === text[position]))
        next.add(position + 1);
    }
    reachable = next;
  }
  return reachable.has(text.length);
}

const ANY_RUN = Symbol('*');
const ANY_ONE = Symbol('?');

function tokenize(pattern: string): (string | symbol)[] {
  const tokens: (string | symbol)[] = [];
  for (let position = 0; position < pattern.length; position++) {
    const char = pattern[position] ?? '';
    if (char === '*') {
      if (tokens.at(-1) !== ANY_RUN) tokens.push(ANY_RUN);
    } else if (char === '?') tokens.push(ANY_ONE);
    else if (char === '\\') {
      const escaped = pattern[++position];
      if (escaped === undefined)
        throw new Error(`invalid pattern ${JSON.stringify(pattern)}: nothing is escaped`);
      tokens.push(escaped);
    } else tokens.push(char);
  }
  return tokens;
}
