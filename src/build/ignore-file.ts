import { compileIgnorePattern, type IgnorePattern } from './ignore-pattern.ts';

/** What of a directory does not count. Paths are relative to it, with slashes and without a leading one. */
export interface IgnoreMatcher {
  /** Also when only a directory above it matches. The directory itself (the empty path) never is. */
  ignores(path: string): boolean;
  /** Whether something beneath an ignored directory may be kept by a `!` pattern, so that it has to be looked through. */
  readonly hasExceptions: boolean;
}

export const IGNORES_NOTHING: IgnoreMatcher = { ignores: () => false, hasExceptions: false };

/** The lines of a .containerignore or .dockerignore. */
export function parseIgnoreFile(text: string, name: string): IgnoreMatcher {
  const lines = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  return makeIgnoreMatcher(lines, name);
}

/** Also for `--exclude`. The last pattern that matches decides. */
export function makeIgnoreMatcher(lines: readonly string[], name: string): IgnoreMatcher {
  const patterns = lines
    .map((line) => compileIgnorePattern(line, name))
    .filter((pattern) => pattern !== undefined);
  if (patterns.length === 0) return IGNORES_NOTHING;
  return {
    ignores: (path) => path !== '' && path !== '.' && decide(path, patterns),
    hasExceptions: patterns.some(({ keeps }) => keeps),
  };
}

function decide(path: string, patterns: readonly IgnorePattern[]): boolean {
  const candidates = withParents(path);
  let ignored = false;
  for (const pattern of patterns)
    if (pattern.keeps === ignored && candidates.some((each) => pattern.matches(each)))
      ignored = !pattern.keeps;
  return ignored;
}

function withParents(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
}
