import { posix } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { ANY_CHARACTER, characterSet, type GlobPart, literal, matchesGlob } from './glob.ts';

export interface IgnorePattern {
  /** Begins with `!`: what matches is kept after all. */
  keeps: boolean;
  matches(path: string): boolean;
}

/** A pattern as moby's patternmatcher reads it; undefined for one that says nothing. */
export function compileIgnorePattern(given: string, where: string): IgnorePattern | undefined {
  const trimmed = given.trim();
  if (trimmed === '') return undefined;
  const keeps = trimmed.startsWith('!');
  const body = (keeps ? trimmed.slice(1) : trimmed).trim();
  if (body === '') throw new InvalidSpecError(`${where}: the pattern "!" names nothing`);
  const cleaned = posix
    .normalize(body)
    .replace(/(?<=.)\/$/, '')
    .replace(/^\/(?=.)/, '');
  // `.` would be the context itself, and that cannot be left out.
  if (cleaned === '.' || cleaned === '/') return undefined;
  const parts = compile(cleaned, where);
  return { keeps, matches: (path) => matchesGlob(parts, path) };
}

/** `**` stands for any number of directories, none included; `*` and `?` stop at a slash. */
function compile(pattern: string, where: string): GlobPart[] {
  const bad = (): InvalidSpecError =>
    new InvalidSpecError(`${where}: illegal pattern ${JSON.stringify(pattern)}`);
  const parts: GlobPart[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*' && pattern[at + 1] === '*') {
      at++;
      if (pattern[at + 1] === '/') at++;
      parts.push(at + 1 === pattern.length ? 'rest' : 'directories');
    } else if (char === '*') parts.push('run');
    else if (char === '?') parts.push(ANY_CHARACTER);
    else if (char === '[') {
      const end = classEnd(pattern, at);
      if (end === undefined) throw bad();
      parts.push(set(pattern.slice(at + 1, end), bad));
      at = end;
    } else if (char === '\\') {
      const escaped = pattern[++at];
      if (escaped === undefined) throw bad();
      parts.push(literal(escaped));
    } else parts.push(literal(char));
  }
  return parts;
}

function classEnd(pattern: string, start: number): number | undefined {
  let at = start + 1;
  if (pattern[at] === '^') at++;
  for (let first = true; at < pattern.length; at++, first = false) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']' && !first) return at;
  }
  return undefined;
}

function set(content: string, bad: () => InvalidSpecError): GlobPart {
  const negated = content.startsWith('^');
  const body = (negated ? content.slice(1) : content).replace(/\\?(.)/gs, (whole, char: string) =>
    char === '-' && !whole.startsWith('\\') ? '-' : /[\]\\^[-]/.test(char) ? `\\${char}` : char,
  );
  try {
    return characterSet(`${negated ? '^' : ''}${body}`, content);
  } catch {
    throw bad();
  }
}
