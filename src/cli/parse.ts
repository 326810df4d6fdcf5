import { UsageError } from '../base/errors.ts';
import type { ArgumentSpec, CommandRecord, GlobalOptions } from './command.ts';
import { type FlagRecord, type FlagValues, joinFlags } from './flag.ts';
import { globalFlags, helpFlag, rootFlags } from './flags/global.ts';
import { FlagError, indexFlags, parseFlags, UnknownFlagError } from './parse-flags.ts';

export type CommandLine =
  | { kind: 'version' }
  /** Help was asked for, or (`missing`) a noun was given without its verb. Words name the command or noun. */
  | { kind: 'help'; words: string[]; missing: boolean }
  | {
      kind: 'command';
      record: CommandRecord;
      path: string;
      args: string[];
      flags: FlagValues;
      globals: GlobalOptions;
    };

/** The words do not lead to a command; report-unknown.ts finds out what may have been meant. */
export class UnknownCommandError extends UsageError {
  /** The noun that was found, '' for none. */
  readonly parent: string;
  readonly word: string;
  constructor(parent: string, word: string, program: string) {
    const path = [program, parent, word].filter((part) => part !== '').join(' ');
    super(`unrecognized command \`${path}\``);
    this.parent = parent;
    this.word = word;
  }
}

const HELP: Readonly<Record<string, FlagRecord>> = { help: helpFlag };

/**
 * Reads the whole command line. Global flags may stand before the command, and those with a long name also after it (a
 * command's own flag of the same name wins there). Throws UsageError with `hint` naming the help to read.
 */
export function parseCommandLine(
  argv: readonly string[],
  table: readonly CommandRecord[],
  program: string,
): CommandLine {
  const paths = indexPaths(table);
  const globals: FlagValues = {};
  const traversal = indexFlags(rootFlags, globalFlags, HELP);
  let parent = '';
  let rest: readonly string[] = argv;
  for (;;) {
    const before = withHelpHint(program, parent, () => parseFlags(rest, traversal, true));
    Object.assign(globals, before.values);
    if (globals['help'] === true) return { kind: 'help', words: wordsOf(parent), missing: false };
    if (globals['version'] === true) return { kind: 'version' };
    const word = before.args[0];
    if (word === undefined) return { kind: 'help', words: wordsOf(parent), missing: true };
    const path = parent === '' ? word : `${parent} ${word}`;
    const found = paths.get(path);
    if (found === undefined) throw new UnknownCommandError(parent, word, program);
    rest = before.args.slice(1);
    if (found !== 'noun') return parseCommand(found, path, rest, { globals, program });
    parent = path;
  }
}

function parseCommand(
  record: CommandRecord,
  path: string,
  words: readonly string[],
  outer: { globals: FlagValues; program: string },
): CommandLine {
  const isHelp = words[0] === '--help' || words[0] === '-h';
  if (record.rawArguments && !isHelp)
    return {
      kind: 'command',
      record,
      path,
      args: [...words],
      flags: {},
      globals: outer.globals as GlobalOptions,
    };
  const known = record.flags;
  const own = outer.program === 'docker' ? joinFlags(known, record.dockerFlags ?? {}) : known;
  const index = indexFlags(own, globalFlags, HELP);
  const parsed = withHelpHint(outer.program, path, () => {
    const result = parseFlags(words, index, record.stopAtFirstArgument === true);
    if (result.values['help'] !== true)
      checkArguments(record.arguments, result.args.length, outer.program, path);
    return result;
  });
  if (parsed.values['help'] === true && known['help'] === undefined) {
    return { kind: 'help', words: wordsOf(path), missing: false };
  }
  const flags: FlagValues = {};
  for (const key in known) flags[key] = parsed.values[key] ?? known[key]?.default;
  for (const key in parsed.values) {
    if (known[key] === undefined) outer.globals[key] = parsed.values[key];
  }
  return { kind: 'command', record, path, args: parsed.args, flags, globals: outer.globals as GlobalOptions };
}

function indexPaths(table: readonly CommandRecord[]): Map<string, CommandRecord | 'noun'> {
  const index = new Map<string, CommandRecord | 'noun'>();
  for (const record of table) {
    for (const path of record.paths) {
      for (let at = path.indexOf(' '); at !== -1; at = path.indexOf(' ', at + 1)) {
        index.set(path.slice(0, at), 'noun');
      }
      index.set(path, record);
    }
  }
  return index;
}

function checkArguments(spec: ArgumentSpec, count: number, program: string, path: string): void {
  const { min, max } = spec;
  if (count >= min && count <= max) return;
  if (max === 0) throw new UsageError(`\`${program} ${path}\` takes no arguments`);
  if (min === max) throw new UsageError(`accepts ${min} arg(s), received ${count}`);
  if (max === Number.POSITIVE_INFINITY) {
    throw new UsageError(`requires at least ${min} arg(s), only received ${count}`);
  }
  if (min === 0) throw new UsageError(`accepts at most ${max} arg(s), received ${count}`);
  throw new UsageError(`accepts between ${min} and ${max} arg(s), received ${count}`);
}

function withHelpHint<T>(program: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = `See '${[program, ...wordsOf(path), '--help'].join(' ')}'`;
    if (error instanceof UnknownFlagError)
      throw new UnknownFlagError(error.flag, error.message, { path, hint });
    const Same = error instanceof FlagError ? FlagError : UsageError;
    throw new Same(error.message, { hint, cause: error });
  }
}

function wordsOf(path: string): string[] {
  return path === '' ? [] : path.split(' ');
}
