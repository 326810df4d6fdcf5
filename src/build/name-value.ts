import { splitQuoted } from './expand-word.ts';
import type { ParsedInstruction } from './instruction.ts';
import { instructionError } from './source-error.ts';

/** ENV and LABEL: `name=value …`, or the old `name value` for one; nothing is expanded yet. */
export function splitPairs(parsed: ParsedInstruction): { name: string; value: string }[] {
  const { keyword, rest, source } = parsed;
  const words = splitQuoted(rest, source.escape);
  const first = words[0];
  if (first === undefined) throw new Error(`${keyword} needs a name and a value`);
  if (!first.includes('=')) {
    const [, name, value] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? [];
    if (name === undefined || value === undefined) throw new Error(`${keyword} needs a value after ${first}`);
    return [{ name, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw instructionError(parsed, `${JSON.stringify(word)} is not of the form name=value`, { mark: word });
    if (equals === 0) throw instructionError(parsed, 'a name is empty', { mark: word });
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** ARG: `name` or `name=default`, any number of them. */
export function splitDefinitions(parsed: ParsedInstruction): { name: string; value: string | undefined }[] {
  const words = splitQuoted(parsed.rest, parsed.source.escape);
  if (words.length === 0) throw new Error('ARG needs a name');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw instructionError(parsed, 'a name is empty', { mark: word });
    return equals < 0
      ? { name: word, value: undefined }
      : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}
