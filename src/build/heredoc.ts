import { expandWord, splitQuoted } from './expand-word.ts';
import type { Heredoc } from './instruction.ts';

const START = /^(\d*)<<(-?)([^<]*)$/;

/** What `<<NAME` at the beginning of a word announces; undefined for any other word. */
export function parseHeredocWord(word: string): Omit<Heredoc, 'content'> | undefined {
  const match = START.exec(word);
  const written = match?.[3] ?? '';
  if (match === null || written === '') return undefined;
  let name: string;
  try {
    name = expandWord(written, { lookup: (variable) => `$${variable}`, escape: '\\' });
  } catch {
    return undefined;
  }
  if (name === '' || /\s/.test(name)) return undefined;
  return { name, expand: name === written, chomp: match[2] === '-' };
}

/** In the order in which their bodies follow. Words in quotes announce nothing. */
export function findHeredocs(line: string): Omit<Heredoc, 'content'>[] {
  if (!line.includes('<<')) return [];
  return splitQuoted(line)
    .map(parseHeredocWord)
    .filter((heredoc) => heredoc !== undefined);
}

/** The body as `<<-` makes it. */
export function cutLeadingTabs(content: string): string {
  return content.replace(/^\t+/gm, '');
}
