import { UnsupportedError, UsageError } from '../base/errors.ts';
import type { FlagRecord, FlagValues } from './flag.ts';
import { addOccurrence, BadValue } from './flag-value.ts';

/** The flags of one command, by every name they may be called by. Keys are those of the resulting values. */
export interface FlagIndex {
  byLong: Map<string, IndexedFlag>;
  byShort: Map<string, IndexedFlag>;
}
export interface IndexedFlag {
  key: string;
  flag: FlagRecord;
}

export interface ParsedFlags {
  /** Only flags that were given; defaults are the caller's business. */
  values: FlagValues;
  args: string[];
}

/** Something is wrong with a flag; docker has an exit code for that. */
export class FlagError extends UsageError {}

/** A flag of the peers that does not work here. */
export class RefusedFlagError extends UnsupportedError {}

/** A flag that the command does not have; report-unknown.ts finds out whether the peers have it. */
export class UnknownFlagError extends FlagError {
  /** As typed, without a value: `--foo` or `-Z`. */
  readonly flag: string;
  /** Of the command it was given to; '' before any command. */
  readonly path: string;
  constructor(flag: string, message: string, at: { path: string; hint?: string } = { path: '' }) {
    super(message, at.hint === undefined ? {} : { hint: at.hint });
    this.flag = flag;
    this.path = at.path;
  }
}

export function indexFlags(...groups: Readonly<Record<string, FlagRecord>>[]): FlagIndex {
  const index: FlagIndex = { byLong: new Map(), byShort: new Map() };
  for (const group of groups) {
    for (const key in group) {
      const flag = group[key];
      if (flag === undefined || index.byLong.has(flag.long)) continue;
      const entry = { key, flag };
      index.byLong.set(flag.long, entry);
      for (const alias of flag.aliases ?? []) if (!index.byLong.has(alias)) index.byLong.set(alias, entry);
      if (flag.short !== undefined && !index.byShort.has(flag.short)) index.byShort.set(flag.short, entry);
    }
  }
  return index;
}

/**
 * Parses as Go's pflag does, because scripts written for the peers rely on it: `-it`, `-p80:80`, `-e KEY`, `--flag=value`,
 * `--rm=false`, `--` ends flags, a lone `-` is an argument, the last of several scalars wins, no abbreviations.
 */
export function parseFlags(
  words: readonly string[],
  index: FlagIndex,
  stopAtFirstArgument: boolean,
): ParsedFlags {
  const parsed: ParsedFlags = { values: {}, args: [] };
  let at = 0;
  const takeNext = (): string | undefined => words[at++];
  while (at < words.length) {
    const word = words[at++] ?? '';
    if (word.length < 2 || word[0] !== '-') {
      if (stopAtFirstArgument) {
        parsed.args.push(word, ...words.slice(at));
        return parsed;
      }
      parsed.args.push(word);
    } else if (word === '--') {
      parsed.args.push(...words.slice(at));
      return parsed;
    } else if (word[1] === '-') {
      parseLong(word, index, parsed.values, takeNext);
    } else {
      parseShorts(word.slice(1), index, parsed.values, takeNext);
    }
  }
  return parsed;
}

function parseLong(
  word: string,
  index: FlagIndex,
  values: FlagValues,
  takeNext: () => string | undefined,
): void {
  const equals = word.indexOf('=');
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
  if (name === '' || name[0] === '-') throw new FlagError(`bad flag syntax: ${word}`);
  const found = index.byLong.get(name);
  if (found === undefined) throw new UnknownFlagError(`--${name}`, `unknown flag: --${name}`);
  let text = equals === -1 ? valueWithoutOne(found.flag) : word.slice(equals + 1);
  if (text === undefined) {
    text = takeNext();
    if (text === undefined) throw new FlagError(`flag needs an argument: --${name}`);
  }
  setValue(found, text, values);
}

function parseShorts(
  letters: string,
  index: FlagIndex,
  values: FlagValues,
  takeNext: () => string | undefined,
): void {
  let rest = letters;
  while (rest !== '') {
    const letter = rest[0] ?? '';
    const found = index.byShort.get(letter);
    if (found === undefined) {
      throw new UnknownFlagError(`-${letter}`, `unknown shorthand flag: '${letter}' in -${rest}`);
    }
    const alone = valueWithoutOne(found.flag);
    if (rest.length > 2 && rest[1] === '=') {
      setValue(found, rest.slice(2), values);
      return;
    }
    if (alone === undefined) {
      const text = rest.length > 1 ? rest.slice(1) : takeNext();
      if (text === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${rest}`);
      setValue(found, text, values);
      return;
    }
    setValue(found, alone, values);
    rest = rest.slice(1);
  }
}

/** The value of a flag that is given bare, or undefined when it must have one. */
function valueWithoutOne(flag: FlagRecord): string | undefined {
  return flag.noOptDefault ?? (flag.type === 'bool' ? 'true' : undefined);
}

function setValue({ key, flag }: IndexedFlag, text: string, values: FlagValues): void {
  if (flag.refused !== undefined) {
    throw new RefusedFlagError(
      flag.refused === ''
        ? `--${flag.long} is not supported by tspod yet`
        : `--${flag.long} is not supported by tspod: ${flag.refused}`,
    );
  }
  try {
    values[key] = addOccurrence(flag, values[key], text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const names = flag.short === undefined ? `--${flag.long}` : `-${flag.short}, --${flag.long}`;
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${names}" flag: ${error.message}`);
  }
}
