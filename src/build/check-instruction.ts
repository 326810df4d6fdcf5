import type { ParsedInstruction } from './instruction.ts';
import { expandWord } from './expand-word.ts';
import { resolveInstruction } from './resolve-instruction.ts';
import { instructionError } from './source-error.ts';

const LITERAL: ReadonlySet<string> = new Set([
  'CMD',
  'ENTRYPOINT',
  'HEALTHCHECK',
  'MAINTAINER',
  'ONBUILD',
  'SHELL',
]);

/** Refuses what is wrong whatever the variables hold, so that no step runs in vain. */
export function checkInstruction(parsed: ParsedInstruction): void {
  if (parsed.trigger !== undefined) {
    checkInstruction(parsed.trigger);
    return;
  }
  const texts = [
    ...(LITERAL.has(parsed.keyword) || parsed.keyword === 'RUN' ? [] : [parsed.rest]),
    ...parsed.flags.map(({ value }) => value ?? ''),
    ...(parsed.keyword === 'RUN' ? [] : parsed.heredocs.map(({ content }) => content)),
  ];
  if (!texts.some((text) => text.includes('$'))) {
    resolveInstruction(parsed, { lookup: () => undefined });
    return;
  }
  if (parsed.keyword === 'RUN' || LITERAL.has(parsed.keyword)) return;
  try {
    // Any value will do: only quotes and braces are looked at.
    expandWord(parsed.rest, { lookup: () => '1', escape: parsed.source.escape });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw instructionError(parsed, error.message);
  }
}
