import { suggest } from '../base/suggest.ts';
import type { Heredoc, InstructionFlag, Keyword, ParsedInstruction, SourceText } from './instruction.ts';
import { isKeyword, KEYWORDS } from './keywords.ts';
import type { LogicalLine } from './logical-lines.ts';
import { ContainerfileError } from './source-error.ts';
import { takeFlags } from './take-flags.ts';

/** FROM too: it has the same shape until the stages are told apart. */
export interface ParsedLine extends Omit<ParsedInstruction, 'keyword'> {
  keyword: Keyword | 'FROM';
}

export function parseInstruction(line: LogicalLine, source: SourceText): ParsedLine {
  const word = /^\S+/.exec(line.text)?.[0] ?? '';
  const keyword = word.toUpperCase();
  const fail = (reason: string, mark?: string, hint?: string): ContainerfileError =>
    new ContainerfileError(reason, { text: source.text, at: line.at, mark, hint });
  if (!isKeyword(keyword))
    throw fail(
      `unknown instruction ${JSON.stringify(word)}`,
      word,
      didYouMean(keyword, Object.keys(KEYWORDS), ''),
    );
  const after = line.text.slice(word.length).trim();
  const { flags, rest } = takeFlags(after);
  const parsed: ParsedLine = {
    keyword,
    raw: after === '' ? keyword : `${keyword} ${after}`,
    rest,
    flags: checkFlags(keyword, flags, fail),
    json: KEYWORDS[keyword].json ? readJson(rest, fail) : undefined,
    heredocs: line.heredocs,
    at: line.at,
    source,
  };
  if (keyword === 'ONBUILD') return { ...parsed, trigger: parseTriggerOf(line, rest, source) };
  return parsed;
}

type Fail = (reason: string, mark?: string, hint?: string) => ContainerfileError;

function checkFlags(
  keyword: Keyword | 'FROM',
  flags: readonly InstructionFlag[],
  fail: Fail,
): readonly InstructionFlag[] {
  const known = KEYWORDS[keyword].flags;
  const seen = new Set<string>();
  for (const { name, value } of flags) {
    const kind = known[name];
    if (kind === undefined)
      throw fail(
        `unknown flag --${name} of ${keyword}`,
        `--${name}`,
        didYouMean(name, Object.keys(known), '--'),
      );
    if (seen.has(name) && kind !== 'repeated') throw fail(`--${name} is given twice`, `--${name}`);
    if (value === undefined && kind !== 'switch') throw fail(`--${name} needs a value`, `--${name}`);
    seen.add(name);
  }
  return flags;
}

/** Undefined for the shell form, which a text that only looks like JSON is too. */
export function readJson(rest: string, fail: Fail): readonly string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(rest);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const words: readonly unknown[] = value;
  if (words.every((each) => typeof each === 'string')) return words;
  throw fail('the JSON form takes strings only', rest);
}

function parseTriggerOf(line: LogicalLine, rest: string, source: SourceText): ParsedInstruction {
  const fail = (reason: string): ContainerfileError =>
    new ContainerfileError(reason, { text: source.text, at: line.at });
  if (rest === '') throw fail('ONBUILD needs an instruction');
  const trigger = parseInstruction({ ...line, text: rest }, source);
  if (trigger.keyword === 'FROM' || !KEYWORDS[trigger.keyword].trigger)
    throw fail(`${trigger.keyword} is not allowed behind ONBUILD`);
  return { ...trigger, keyword: trigger.keyword };
}

/** The instruction as ONBUILD keeps it in the image, heredocs included. */
export function triggerText(rest: string, heredocs: readonly Heredoc[]): string {
  return rest + heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
}

function didYouMean(typed: string, names: readonly string[], dashes: string): string | undefined {
  const best = suggest(
    typed.toLowerCase(),
    names.map((name) => name.toLowerCase()),
  )[0];
  const name = names.find((each) => each.toLowerCase() === best);
  return name === undefined ? undefined : `did you mean ${dashes}${name}?`;
}
