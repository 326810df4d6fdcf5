import { InvalidSpecError } from '../base/errors.ts';
import { ANY_CHARACTER, characterSet, type GlobPart, literal, matchesGlob } from './glob.ts';

/** Wildcards of COPY and ADD: `*` and `?` within one name, `[a-z]`, `[^a-z]`, and a backslash before what is meant literally. */
export function hasWildcard(text: string): boolean {
  return /[*?[]/.test(text);
}

/** A pattern for nothing but this path. Only parts with wildcards know the backslash. */
export function literalPattern(path: string): string {
  const part = (text: string): string => (hasWildcard(text) ? text.replace(/[*?[\\]/g, '\\$&') : text);
  return path.split('/').map(part).join('/');
}

export function matchesPart(pattern: string, name: string): boolean {
  return matchesGlob(compile(pattern), name);
}

function compile(pattern: string): GlobPart[] {
  const parts: GlobPart[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') parts.push('run');
    else if (character === '?') parts.push(ANY_CHARACTER);
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0)
        throw new InvalidSpecError(`syntax error in pattern ${JSON.stringify(pattern)}: [ without ]`);
      const body = pattern.slice(at + 1, end).replace(/^!/, '^');
      parts.push(characterSet(body.replace(/[\\\]]/g, '\\$&').replace(/(?!^)\^|\[/g, '\\$&'), pattern));
      at = end;
    } else if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      parts.push(literal(pattern.charAt(at)));
    } else parts.push(literal(character));
  }
  return parts;
}
