import type { Directives, SourceRange } from './instruction.ts';
import { ContainerfileError } from './source-error.ts';

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;
const KNOWN: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** `# name=value` lines at the very top; the first line that is none ends them. */
export function parseDirectives(text: string, file: string): Directives {
  const seen = new Map<string, string>();
  let line = 0;
  for (const each of text.split('\n')) {
    line++;
    const match = DIRECTIVE.exec(each.trim());
    const name = match?.[1]?.toLowerCase() ?? '';
    if (match === null || !KNOWN.has(name)) break;
    const at: SourceRange = { file, firstLine: line, lastLine: line };
    if (seen.has(name))
      throw new ContainerfileError(`only one ${name} directive can be used`, { text, at, mark: match[1] });
    const value = match[2] ?? '';
    if (name === 'escape' && value !== '\\' && value !== '`')
      throw new ContainerfileError(`invalid escape character ${JSON.stringify(value)}`, {
        text,
        at,
        mark: value,
        hint: 'it may be a backslash or a backtick',
      });
    seen.set(name, value);
  }
  return {
    escape: seen.get('escape') === '`' ? '`' : '\\',
    syntax: seen.get('syntax'),
    check: seen.get('check'),
  };
}
