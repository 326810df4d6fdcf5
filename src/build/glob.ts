import { InvalidSpecError } from '../base/errors.ts';

/**
 * One part of a pattern. `run`: characters but slashes; `rest`: whatever comes; `directories`: a number of directories, each
 * with its slash; `one`: a character.
 */
export type GlobPart = 'run' | 'rest' | 'directories' | ((character: string) => boolean);

export function literal(character: string): GlobPart {
  return (other) => other === character;
}

export const ANY_CHARACTER: GlobPart = (character) => character !== '/';

/** `[a-z]` and `[^a-z]`; `body` is what a regular expression has between its brackets. A set never matches a slash. */
export function characterSet(body: string, pattern: string): GlobPart {
  try {
    const set = new RegExp(`^[${body}]$`, 's');
    return (character) => character !== '/' && set.test(character);
  } catch (cause) {
    throw new InvalidSpecError(`syntax error in pattern ${JSON.stringify(pattern)}`, { cause });
  }
}

/** Step by step for all positions at once, not by a regular expression: patterns may be hostile, and those take exponential time. */
export function matchesGlob(parts: readonly GlobPart[], text: string): boolean {
  let at = 0;
  for (; at < parts.length; at++) {
    const part = parts[at];
    if (typeof part !== 'function') break;
    if (at >= text.length || !part(text.charAt(at))) return false;
  }
  if (at === parts.length) return at === text.length;
  const reached = new Uint8Array(text.length + 1);
  reached[at] = 1;
  for (const part of parts.slice(at)) if (!advance(reached, part, text)) return false;
  return reached[text.length] === 1;
}

/** False when no position is left. */
function advance(reached: Uint8Array, part: GlobPart, text: string): boolean {
  if (typeof part === 'function') return advanceByOne(reached, part, text);
  let seen = reached[0] === 1;
  for (let at = 1; at <= text.length; at++) {
    const was = reached[at] === 1;
    const isSlash = text.charCodeAt(at - 1) === SLASH;
    if (part === 'run' && isSlash) seen = false;
    if (seen && (part !== 'directories' || isSlash)) reached[at] = 1;
    seen ||= was;
  }
  return true;
}

const SLASH = 0x2f;

function advanceByOne(reached: Uint8Array, accepts: (character: string) => boolean, text: string): boolean {
  let isAny = false;
  for (let at = text.length; at > 0; at--) {
    const isNext = reached[at - 1] === 1 && accepts(text.charAt(at - 1));
    reached[at] = isNext ? 1 : 0;
    isAny ||= isNext;
  }
  reached[0] = 0;
  return isAny;
}
