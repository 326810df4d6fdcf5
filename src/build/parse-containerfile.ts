import { checkInstruction } from './check-instruction.ts';
import type {
  ParsedContainerfile,
  ParsedInstruction,
  ParsedStage,
  SourceRange,
  SourceText,
  SourceWarning,
} from './instruction.ts';
import { readLogicalLines } from './logical-lines.ts';
import { parseDirectives } from './parse-directives.ts';
import { type ParsedLine, parseInstruction } from './parse-instruction.ts';
import { ContainerfileError } from './source-error.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

type GrowingStage = ParsedStage & { instructions: ParsedInstruction[] };

/** Throws ContainerfileError for what is wrong whatever values the variables will have. */
export function parseContainerfile(given: string, fileName: string): ParsedContainerfile {
  const text = given.replace(/^\ufeff/, '');
  const directives = parseDirectives(text, fileName);
  const source: SourceText = { fileName, text, escape: directives.escape };
  const { lines, warnings } = readLogicalLines(text, fileName, directives);
  const globalArgs: ParsedInstruction[] = [];
  const stages: GrowingStage[] = [];
  for (const line of lines) {
    const parsed = parseInstruction(line, source);
    if (parsed.keyword === 'FROM') {
      stages.push(startStage(parsed, stages));
      continue;
    }
    const instruction: ParsedInstruction = { ...parsed, keyword: parsed.keyword };
    const stage = stages.at(-1);
    if (stage === undefined && parsed.keyword !== 'ARG')
      throw new ContainerfileError(`${parsed.keyword} before the first FROM`, {
        text,
        at: parsed.at,
        hint: 'only ARG may come before FROM',
      });
    checkInstruction(instruction);
    (stage?.instructions ?? globalArgs).push(instruction);
  }
  if (stages.length === 0) {
    const at = { file: fileName, firstLine: 1, lastLine: 1 };
    throw new ContainerfileError(
      lines.length === 0 ? 'there is no instruction in the file' : 'there is no FROM in the file',
      {
        text,
        at,
      },
    );
  }
  return { fileName, text, directives, globalArgs, stages, warnings: [...warnings, ...findOddities(stages)] };
}

/** An instruction that an image kept for those who build on it. */
export function parseTrigger(text: string, image: string): ParsedInstruction {
  const fileName = `ONBUILD of ${image}`;
  const source: SourceText = { fileName, text, escape: '\\' };
  const { lines } = readLogicalLines(text, fileName, { escape: '\\', syntax: undefined, check: undefined });
  const at: SourceRange = { file: fileName, firstLine: 1, lastLine: 1 };
  const [line] = lines;
  if (line === undefined || lines.length > 1)
    throw new ContainerfileError('a trigger is one instruction', { text, at });
  const parsed = parseInstruction(line, source);
  if (parsed.keyword === 'FROM' || parsed.keyword === 'ONBUILD' || parsed.keyword === 'MAINTAINER')
    throw new ContainerfileError(`${parsed.keyword} is not allowed as a trigger`, { text, at });
  const trigger: ParsedInstruction = { ...parsed, keyword: parsed.keyword };
  checkInstruction(trigger);
  return trigger;
}

function startStage(line: ParsedLine, before: readonly ParsedStage[]): GrowingStage {
  const fail = (reason: string, mark?: string): ContainerfileError =>
    new ContainerfileError(reason, { text: line.source.text, at: line.at, mark });
  const words = line.rest.split(/\s+/).filter((word) => word !== '');
  const [base, as, name] = words;
  if (base === undefined || words.length === 2 || words.length > 3)
    throw fail('FROM takes an image, and AS with a name after it');
  if (as !== undefined && as.toUpperCase() !== 'AS') throw fail('AS is expected after the image', as);
  const stageName = name?.toLowerCase();
  if (stageName !== undefined && !STAGE_NAME.test(stageName))
    throw fail(
      `invalid name for a stage: ${JSON.stringify(name)} must begin with a letter and hold letters, digits, "-", "_" and "."`,
      name,
    );
  return {
    index: before.length,
    name: stageName,
    base,
    platform: line.flags.find((flag) => flag.name === 'platform')?.value,
    raw: line.raw,
    instructions: [],
    at: line.at,
    source: line.source,
  };
}

function findOddities(stages: readonly ParsedStage[]): SourceWarning[] {
  const warnings: SourceWarning[] = [];
  const seen = new Set<string>();
  for (const { name, at } of stages) {
    if (name === undefined) continue;
    if (seen.has(name)) warnings.push({ message: `two stages have the name ${JSON.stringify(name)}`, at });
    seen.add(name);
  }
  for (const { keyword, at } of stages.flatMap((stage) => stage.instructions))
    if (keyword === 'MAINTAINER') warnings.push({ message: 'MAINTAINER is deprecated: use LABEL', at });
  return warnings;
}
