import { UnsupportedError, UsageError } from '../base/errors.ts';
import type { CommandRecord } from './command.ts';
import { globalFlags, rootFlags } from './flags/global.ts';
import knownNames from './known-names.json' with { type: 'json' };
import { UnknownCommandError } from './parse.ts';
import { RefusedFlagError, UnknownFlagError } from './parse-flags.ts';
import { refusalReason, refusedCommandReason } from './refusal-reasons.ts';
import { suggest } from '../base/suggest.ts';

interface Context {
  commands: readonly CommandRecord[];
  program: string;
}

const KNOWN: Readonly<Record<string, string>> = knownNames.commands;

/**
 * A command or flag that docker or podman have is refused by name instead of being called unknown; what nobody has gets
 * the nearest names. Only the error path loads this file and the list of the peers' names.
 */
export function explainUnknown(error: UnknownCommandError | UnknownFlagError, context: Context): Error {
  return error instanceof UnknownCommandError ? explainCommand(error, context) : explainFlag(error, context);
}

function explainCommand(error: UnknownCommandError, { commands, program }: Context): Error {
  const path = error.parent === '' ? error.word : `${error.parent} ${error.word}`;
  if (KNOWN[path] !== undefined) {
    const reason = refusedCommandReason(path);
    const why = reason === undefined ? ' in this version' : `: ${reason}`;
    return new UnsupportedError(`\`${program} ${path}\` is not available${why}`, {
      hint: `'${program} --help' lists what is`,
    });
  }
  const prefix = error.parent === '' ? '' : `${error.parent} `;
  const siblings = commands
    .filter((record) => record.hidden !== true)
    .flatMap((record) => record.paths)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).split(' ')[0] ?? '');
  const meant = suggest(error.word, siblings);
  const list =
    meant.length === 0 ? '' : `\nDid you mean this?\n${meant.map((name) => `\t${name}\n`).join('')}\n`;
  const help = [program, error.parent].filter((part) => part !== '').join(' ');
  return new UsageError(error.message, { hint: `${list}Try '${help} --help' for more information` });
}

function explainFlag(error: UnknownFlagError, context: Context): Error {
  const name = error.flag.replace(/^-+/, '');
  const record = context.commands.find((each) => each.paths.includes(error.path));
  const ofPeers = new Set(knownNames.globals.split(' '));
  for (const path of record?.paths ?? []) for (const known of flagsOfPeers(path)) ofPeers.add(known);
  const long = /^unknown shorthand flag: .* in (-\S{2,})$/.exec(error.message)?.[1];
  const visible = visibleFlags(record);
  if (long !== undefined && visible.includes(long.slice(1)))
    return unknownFlag(error, `Did you mean -${long}?`);
  if (ofPeers.has(name)) {
    const reason = refusalReason(name);
    const why = reason === undefined ? ' yet' : `: ${reason}`;
    return new RefusedFlagError(`${error.flag} is not supported by tspod${why}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
  const ofRun = error.path === '' ? asOptionOfRun(error, context) : undefined;
  if (ofRun !== undefined) return unknownFlag(error, ofRun);
  if (!error.flag.startsWith('--')) return error;
  if (name.length <= MOST_SHORTHANDS && [...name].every((letter) => shorthands(record).includes(letter)))
    return unknownFlag(error, `Did you mean -${name}?`);
  const meant = suggest(name, visible);
  if (meant.length === 0) return error;
  const list = meant.map((flag) => `--${flag}`).join(', ');
  return unknownFlag(error, `Did you mean ${list}?`);
}

/** More letters in a row are a word. */
const MOST_SHORTHANDS = 3;

/** `tspod -it IMAGE` lacks but a word. */
function asOptionOfRun(error: UnknownFlagError, { commands, program }: Context): string | undefined {
  const record = commands.find(({ paths }) => paths.includes('run'));
  const word = / in (-\S+)$/.exec(error.message)?.[1] ?? error.flag;
  const letters = [...word.replace(/^-/, '')];
  const isRuns = word.startsWith('--')
    ? visibleFlags(record).includes(word.slice(2))
    : letters.every((letter) => shorthands(record).includes(letter));
  return isRuns ? `Options of a command follow its name: '${program} run ${word} …'` : undefined;
}

function shorthands(record: CommandRecord | undefined): string[] {
  return Object.values(record?.flags ?? {}).flatMap(({ short, hidden }) =>
    short === undefined || hidden === true ? [] : [short],
  );
}

function unknownFlag(error: UnknownFlagError, meant: string): UnknownFlagError {
  const hint = `${meant}\n${error.hint ?? ''}`.trimEnd();
  return new UnknownFlagError(error.flag, error.message, { path: error.path, hint });
}

/** The long names of what the command takes. */
function visibleFlags(record: CommandRecord | undefined): string[] {
  return [record?.flags ?? rootFlags, globalFlags]
    .flatMap((group) => Object.values(group))
    .filter((flag) => flag.hidden !== true && flag.refused === undefined)
    .map((flag) => flag.long);
}

function flagsOfPeers(path: string): string[] {
  const text = KNOWN[path] ?? '';
  return (text.startsWith('=') ? (KNOWN[text.slice(1)] ?? '') : text).split(' ');
}
