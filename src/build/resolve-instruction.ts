import { parseDuration } from '../base/durations.ts';
import { TspodError } from '../base/errors.ts';
import { parseSignal } from '../base/signals.ts';
import { expandWord, expandWords } from './expand-word.ts';
import type { ExpandOptions } from './expansion.ts';
import { parseExposedPorts } from './exposed-ports.ts';
import type { CommandForm, HealthcheckInstruction, Instruction, ParsedInstruction } from './instruction.ts';
import { splitDefinitions, splitPairs } from './name-value.ts';
import { readJson, triggerText } from './parse-instruction.ts';
import { resolveRun } from './resolve-run.ts';
import { resolveSources } from './resolve-sources.ts';
import { ContainerfileError, instructionError } from './source-error.ts';

export interface Variables {
  lookup(name: string): string | undefined;
}

/** Expands what the instruction's rules expand, and checks the outcome. Throws ContainerfileError. */
export function resolveInstruction(parsed: ParsedInstruction, variables: Variables): Instruction {
  try {
    return resolve(parsed, {
      lookup: (name) => variables.lookup(name),
      escape: parsed.source.escape,
    });
  } catch (error) {
    if (error instanceof ContainerfileError) throw error;
    // What the parts below say has no place yet.
    if (error instanceof TspodError)
      throw instructionError(parsed, error.message, { hint: error.hint, cause: error });
    if (error instanceof Error && error.constructor === Error) throw instructionError(parsed, error.message);
    throw error;
  }
}

function resolve(parsed: ParsedInstruction, options: ExpandOptions): Instruction {
  const { keyword, rest } = parsed;
  const expand = (word: string): string => expandWord(word, options);
  switch (keyword) {
    case 'ADD':
    case 'COPY':
      return resolveSources(parsed, options);
    case 'RUN':
      return resolveRun(parsed, options);
    case 'ARG':
      return {
        keyword,
        args: splitDefinitions(parsed).map(({ name, value }) => ({
          name: expand(name),
          value: value === undefined ? undefined : expand(value),
        })),
      };
    case 'ENV':
    case 'LABEL':
      return { keyword, entries: splitPairs(parsed).map((pair) => expandPair(pair, expand)) };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword, command: commandOf(parsed) };
    case 'EXPOSE':
      return { keyword, ports: parseExposedPorts(requireAny(keyword, expandWords(rest, options))) };
    case 'HEALTHCHECK':
      return resolveHealthcheck(parsed);
    case 'MAINTAINER':
      return { keyword, name: requireText(keyword, rest) };
    case 'ONBUILD':
      return { keyword, trigger: triggerText(rest, parsed.heredocs) };
    case 'SHELL':
      if (parsed.json === undefined || parsed.json.length === 0)
        throw new Error('SHELL takes a JSON array such as ["/bin/sh", "-c"]');
      return { keyword, shell: parsed.json };
    case 'STOPSIGNAL': {
      const signal = requireText(keyword, expand(rest));
      parseSignal(signal);
      return { keyword, signal };
    }
    case 'USER':
      return { keyword, user: requireText(keyword, expand(rest)) };
    case 'VOLUME': {
      const paths = (parsed.json ?? rest.split(/\s+/)).filter((path) => path !== '').map(expand);
      if (paths.some((path) => path.trim() === '')) throw new Error('VOLUME takes no empty path');
      return { keyword, paths: requireAny(keyword, paths) };
    }
    case 'WORKDIR':
      return { keyword, path: requireText(keyword, expand(rest)) };
  }
}

function expandPair(
  pair: { name: string; value: string },
  expand: (word: string) => string,
): { name: string; value: string } {
  const name = expand(pair.name);
  if (name === '') throw new Error('a name is empty');
  return { name, value: expand(pair.value) };
}

/** Nothing at all takes the base image's away, as the empty array does. */
function commandOf({ json, rest }: ParsedInstruction): CommandForm {
  if (json !== undefined) return { form: 'exec', words: json };
  return rest === '' ? { form: 'exec', words: [] } : { form: 'shell', text: rest };
}

function resolveHealthcheck(parsed: ParsedInstruction): HealthcheckInstruction {
  const [, type = '', after = ''] = /^(\S*)\s*([\s\S]*)$/.exec(parsed.rest) ?? [];
  const flag = (name: string): string | undefined => parsed.flags.find((each) => each.name === name)?.value;
  if (type.toUpperCase() === 'NONE') {
    if (after !== '' || parsed.flags.length > 0) throw new Error('HEALTHCHECK NONE takes no arguments');
    return { keyword: 'HEALTHCHECK', check: undefined };
  }
  if (type.toUpperCase() !== 'CMD')
    throw instructionError(parsed, `HEALTHCHECK takes CMD or NONE, not ${JSON.stringify(type)}`, {
      mark: type,
    });
  if (after === '') throw new Error('the command is missing after HEALTHCHECK CMD');
  const json = readJson(after, (reason) => instructionError(parsed, reason));
  const retries = flag('retries');
  if (retries !== undefined && !/^\d+$/.test(retries))
    throw instructionError(parsed, `--retries takes a number, not ${JSON.stringify(retries)}`, {
      mark: retries,
    });
  return {
    keyword: 'HEALTHCHECK',
    check: {
      command: json === undefined ? { form: 'shell', text: after } : { form: 'exec', words: json },
      interval: healthDuration('--interval', flag('interval')),
      timeout: healthDuration('--timeout', flag('timeout')),
      startPeriod: healthDuration('--start-period', flag('start-period')),
      startInterval: healthDuration('--start-interval', flag('start-interval')),
      retries: retries === undefined ? undefined : Number(retries),
    },
  };
}

const SHORTEST_NS = 1e6;

function healthDuration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text, name);
  if (duration !== 0 && duration < SHORTEST_NS) throw new Error(`${name} cannot be less than 1ms`);
  return duration;
}

function requireText(keyword: string, text: string): string {
  if (text === '') throw new Error(`${keyword} needs an argument`);
  return text;
}

function requireAny<T>(keyword: string, words: readonly T[]): readonly T[] {
  if (words.length === 0) throw new Error(`${keyword} needs at least one argument`);
  return words;
}
