import { expandWord } from './expand-word.ts';
import type { ExpandOptions } from './expansion.ts';
import { cutLeadingTabs, parseHeredocWord } from './heredoc.ts';
import type { ParsedInstruction, RunInstruction } from './instruction.ts';
import { flagValue, flagValues } from './instruction-flags.ts';
import { parseRunMount } from './run-mount.ts';
import { instructionError } from './source-error.ts';

const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITIES = ['sandbox', 'insecure'] as const;

export function resolveRun(parsed: ParsedInstruction, options: ExpandOptions): RunInstruction {
  return {
    keyword: 'RUN',
    command: commandOf(parsed),
    mounts: flagValues(parsed, 'mount').map((text) => {
      try {
        return parseRunMount(text, (word) => expandWord(word, options));
      } catch (error) {
        if (!(error instanceof Error) || error.constructor !== Error) throw error;
        throw instructionError(parsed, error.message, { mark: `--mount=${text}` });
      }
    }),
    network: oneOf(parsed, 'network', NETWORKS) ?? 'default',
    security: oneOf(parsed, 'security', SECURITIES) ?? 'sandbox',
  };
}

/** Variables in the command are the shell's business. */
function commandOf(parsed: ParsedInstruction): RunInstruction['command'] {
  const { json, rest, heredocs } = parsed;
  if (json !== undefined) {
    if (json.length === 0) throw new Error('RUN needs a command');
    return { form: 'exec', words: json };
  }
  if (rest === '') throw new Error('RUN needs a command');
  const [first] = heredocs;
  if (first === undefined) return { form: 'shell', text: rest };
  if (parseHeredocWord(rest) !== undefined) {
    const content = first.chomp ? cutLeadingTabs(first.content) : first.content;
    return content.startsWith('#!') ? { form: 'script', content } : { form: 'shell', text: content };
  }
  // The shell reads these itself.
  const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`);
  return { form: 'shell', text: rest + bodies.join('') };
}

function oneOf<const T extends string>(
  parsed: ParsedInstruction,
  name: string,
  values: readonly T[],
): T | undefined {
  const text = flagValue(parsed, name);
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw instructionError(parsed, `--${name} is ${values.join(', ')}, not ${JSON.stringify(text)}`, {
    mark: text,
  });
}
