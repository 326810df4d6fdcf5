import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidSpecError, messageOf } from '../base/errors.ts';

/**
 * The lines of an --env-file or --label-file that say something: blank lines and those whose first character is `#` are
 * skipped, white space before the text goes, everything after it stays, quotes too. Throws InvalidSpecError naming file and line.
 */
export function readSettingsFile(file: string, what: string, cwd: string): { text: string; where: string }[] {
  const path = resolve(cwd, file);
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${what} file "${file}": ${messageOf(error)}`, { cause: error });
  }
  return content
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ text: line.trimStart(), where: `${file}, line ${i + 1}` }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}
