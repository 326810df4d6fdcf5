import { expandWord } from './expand-word.ts';
import type { ExpandOptions } from './expansion.ts';
import { cutLeadingTabs, parseHeredocWord } from './heredoc.ts';
import type { AddInstruction, CopyInstruction, CopySources, ParsedInstruction } from './instruction.ts';
import { flagValue, flagValues, isSwitchedOn } from './instruction-flags.ts';
import { instructionError } from './source-error.ts';

export function resolveSources(
  parsed: ParsedInstruction,
  options: ExpandOptions,
): CopyInstruction | AddInstruction {
  const { keyword } = parsed;
  const value = (name: string): string | undefined => {
    const text = flagValue(parsed, name);
    return text === undefined ? undefined : expandWord(text, options);
  };
  const chmod = value('chmod');
  if (chmod !== undefined && !isMode(chmod))
    throw instructionError(
      parsed,
      `--chmod takes a mode such as 755 or u=rwX,go=rX, not ${JSON.stringify(chmod)}`,
      {
        mark: chmod,
      },
    );
  const common: CopySources = {
    ...splitSources(parsed, options),
    chown: value('chown'),
    chmod,
    link: isSwitchedOn(parsed, 'link') ?? false,
    parents: isSwitchedOn(parsed, 'parents') ?? false,
    excludes: flagValues(parsed, 'exclude').map((pattern) => expandWord(pattern, options)),
  };
  if (keyword === 'COPY') {
    const from = value('from');
    if (from === '') throw instructionError(parsed, '--from is empty', { mark: '--from' });
    return { keyword, ...common, from };
  }
  const checksum = value('checksum');
  if (checksum !== undefined && !/^sha256:[0-9a-f]{64}$/.test(checksum))
    throw instructionError(
      parsed,
      `--checksum takes sha256: and 64 digits, not ${JSON.stringify(checksum)}`,
      {
        mark: checksum,
      },
    );
  return {
    keyword: 'ADD',
    ...common,
    keepGitDir: isSwitchedOn(parsed, 'keep-git-dir') ?? false,
    checksum,
    unpack: isSwitchedOn(parsed, 'unpack'),
  };
}

function splitSources(
  parsed: ParsedInstruction,
  options: ExpandOptions,
): Pick<CopySources, 'sources' | 'files' | 'destination'> {
  const words = parsed.json ?? parsed.rest.split(/\s+/).filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined || words.length < 2)
    throw new Error(`${parsed.keyword} needs at least one source and a destination`);
  if (parseHeredocWord(last) !== undefined)
    throw instructionError(parsed, 'a heredoc cannot be the destination', { mark: last });
  const sources: string[] = [];
  const files: { name: string; content: string }[] = [];
  for (const word of words.slice(0, -1)) {
    const heredoc = parsed.heredocs.length > 0 ? parseHeredocWord(word) : undefined;
    const body = parsed.heredocs.find((each) => each.name === heredoc?.name);
    if (heredoc === undefined || body === undefined) {
      const source = expandWord(word, options);
      // An empty source would mean the whole context, which nobody means who wrote a variable.
      if (source === '') throw instructionError(parsed, `the source ${word} is empty`, { mark: word });
      sources.push(source);
      continue;
    }
    const content = heredoc.chomp ? cutLeadingTabs(body.content) : body.content;
    files.push({
      name: body.name,
      content: body.expand ? expandWord(content, { ...options, escape: '\\', keepQuotes: true }) : content,
    });
  }
  const destination = expandWord(last, options);
  if (destination === '') throw instructionError(parsed, 'the destination is empty', { mark: last });
  return { sources, files, destination };
}

function isMode(text: string): boolean {
  return (
    /^[0-7]{1,4}$/.test(text) || /^([ugoa]*[-+=][rwxXstugo]*)+(,([ugoa]*[-+=][rwxXstugo]*)+)*$/.test(text)
  );
}
