/** A flag is data: parsing, help, completion and man pages all read this record. */
export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  /** Whole and not negative. */
  | 'uint'
  | 'float'
  /** Go duration or seconds; kept as text, parsed by its consumer. */
  | 'duration'
  /** May be repeated, each value kept as it is. */
  | 'stringArray'
  /** May be repeated and is split on commas (csv quoting). */
  | 'stringSlice'
  /** Like int, but may also be repeated (last wins) and carries a unit suffix (b, k, m, g); kept as text. */
  | 'bytes';

export interface FlagRecord {
  /** Long name without dashes, exactly podman's. */
  long: string;
  short?: string;
  /** Other long names that mean the same (`net` for `network`). */
  aliases?: readonly string[];
  type: FlagType;
  /** Shown in help after the flag, e.g. `path`. */
  placeholder?: string;
  /** Value when the flag is absent; shown in help. */
  default?: string | number | boolean;
  /** Value when the flag is given without one (`--pull` alone). Absent: the value is required (bools: true). */
  noOptDefault?: string;
  /** One line, upper-case first letter, no full stop. */
  help: string;
  /** Completion provider: `containers`, `images`, …, or a fixed list. */
  complete?: CompletionProvider | readonly string[] | CompletionWords;
  hidden?: boolean;
  /** Allowed values; anything else is a UsageError that lists them. */
  values?: readonly string[];
  /** A known flag of podman or docker that tspod cannot honour yet: using it is refused by name with this reason. Hidden. */
  refused?: string;
  /** Accepted without effect because it has none in the peers either, or because it holds anyway. */
  noop?: boolean;
}

/**
 * Words that a value may begin with. One that ends in `=` or `:` goes on with what its provider offers; the word `''` stands for names
 * without anything before them.
 */
export type CompletionWords = Readonly<Record<string, CompletionProvider | readonly string[]>>;

export type CompletionProvider =
  | 'containers'
  | 'running-containers'
  | 'images'
  | 'volumes'
  | 'networks'
  | 'pods'
  | 'secrets'
  | 'files'
  | 'directories'
  | 'signals'
  | 'capabilities'
  /** Of containers.conf. */
  | 'modules'
  | 'filters'
  /** json, table, or a field of the rows. */
  | 'formats'
  /** Containers, for paths in them; else files. */
  | 'container-paths'
  | 'none';

/** A parsed value as the command sees it. */
export type FlagValue = string | number | boolean | string[] | undefined;
/** Keyed by the camel-cased long name; absent flags without default are undefined. */
export type FlagValues = Record<string, FlagValue>;

/**
 * Ties a group of flags to an option type, both ways: a flag without an option, or an option without a flag, does not compile.
 * Keys are the camel-cased long names.
 */
export function flagsFor<Options>(): <const Flags extends Record<keyof Required<Options>, FlagRecord>>(
  flags: Flags & Record<Exclude<keyof Flags, keyof Options>, never>,
) => Flags {
  return (flags) => flags;
}

type Joined<Groups extends readonly object[]> = Groups extends readonly [
  infer First,
  ...infer Rest extends object[],
]
  ? First & Joined<Rest>
  : unknown;

/**
 * The flags of all groups; a later one's replaces an earlier one's of the same key. An object with so many members costs more to make
 * than the whole command line to read, unless it has no prototype: then V8 keeps no shape of it.
 */
export function joinFlags<const Groups extends readonly object[]>(...groups: Groups): Joined<Groups> {
  return Object.assign(Object.create(null) as object, ...groups) as Joined<Groups>;
}
