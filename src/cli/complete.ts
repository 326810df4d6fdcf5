import type { ArgumentSpec, CommandRecord } from './command.ts';
import { commands } from './commands/index.ts';
import { filterWords, formatFields } from './complete-values.ts';
import type { CompletionProvider, CompletionWords, FlagRecord } from './flag.ts';
import { globalFlags, helpFlag, rootFlags } from './flags/global.ts';
import { commandsBelow, visibleFlags } from './help.ts';
import { print } from './output/print.ts';
import { indexFlags, type IndexedFlag } from './parse-flags.ts';

export interface Candidate {
  text: string;
  description?: string | undefined;
}

/** What the shell does besides: offer files or directories of its own. */
export type ShellFallback = 'none' | 'files' | 'directories';

export interface Completion {
  candidates: Candidate[];
  fallback: ShellFallback;
}

/** Looks up names of objects; asked only when the line calls for them. */
export type NameSource = (
  provider: CompletionProvider,
  globals: ReadonlyMap<string, string>,
) => Promise<Candidate[]>;

/**
 * The hidden `__complete WORDS...`, the last word being the one that is typed. Prints `text<TAB>description` lines and a last
 * line `:fallback`. Whatever goes wrong, there are just no candidates.
 */
export async function complete(words: readonly string[]): Promise<number> {
  let completion: Completion = { candidates: [], fallback: 'none' };
  try {
    completion = await completeWords(words, commands, namesFromState);
  } catch {
    // A shell that shows an error in the middle of a line helps nobody.
  }
  const lines = completion.candidates.map(({ text, description }) =>
    description === undefined || description === '' ? `${text}\n` : `${text}\t${description}\n`,
  );
  print(`${lines.join('')}:${completion.fallback}\n`);
  return 0;
}

export async function completeWords(
  words: readonly string[],
  table: readonly CommandRecord[],
  names: NameSource,
): Promise<Completion> {
  // Shells hand on a quotation mark that has been opened, and take candidates without it.
  const current = (words.at(-1) ?? '').replace(/^(--[a-z0-9-]+=)?['"]/, '$1');
  const place = locate(words.slice(0, -1), table);
  const found = await candidatesAt(place, current, table, names);
  const matching = found.candidates.filter(({ text }) => text.startsWith(current));
  return { candidates: matching, fallback: found.fallback };
}

/** Where the cursor is: in which command, after which arguments, behind which flag. */
interface Place {
  /** Of the command or noun. */
  path: string;
  record: CommandRecord | undefined;
  args: string[];
  /** The flag whose value comes next. */
  pending: FlagRecord | undefined;
  /** No flag can come any more. */
  ended: boolean;
  /** Values of global flags, for opening the right store. */
  globals: Map<string, string>;
}

function locate(words: readonly string[], table: readonly CommandRecord[]): Place {
  const place: Place = {
    path: '',
    record: undefined,
    args: [],
    pending: undefined,
    ended: false,
    globals: new Map(),
  };
  let index = indexFlags(rootFlags, globalFlags, { help: helpFlag });
  for (const word of words) {
    if (place.pending !== undefined) {
      place.globals.set(place.pending.long, word);
      place.pending = undefined;
    } else if (!place.ended && word === '--') {
      place.ended = true;
    } else if (!place.ended && word.length > 1 && word.startsWith('-')) {
      const equals = word.indexOf('=');
      if (word.startsWith('--') && equals !== -1)
        place.globals.set(word.slice(2, equals), word.slice(equals + 1));
      else place.pending = flagAwaitingValue(word, index);
    } else if (place.record === undefined) {
      place.path = place.path === '' ? word : `${place.path} ${word}`;
      place.record = table.find((record) => record.paths.includes(place.path));
      if (place.record !== undefined) index = indexFlags(place.record.flags, globalFlags, { help: helpFlag });
    } else {
      place.args.push(word);
      if (place.record.stopAtFirstArgument === true) place.ended = true;
    }
  }
  return place;
}

function flagAwaitingValue(word: string, index: ReturnType<typeof indexFlags>): FlagRecord | undefined {
  const needs = (found: IndexedFlag | undefined): found is IndexedFlag =>
    found !== undefined && found.flag.type !== 'bool' && found.flag.noOptDefault === undefined;
  if (word.startsWith('--')) {
    const found = index.byLong.get(word.slice(2));
    return needs(found) ? found.flag : undefined;
  }
  for (let at = 1; at < word.length; at++) {
    const found = index.byShort.get(word[at] ?? '');
    // What follows in the same word is its value already.
    if (needs(found)) return at === word.length - 1 ? found.flag : undefined;
  }
  return undefined;
}

async function candidatesAt(
  place: Place,
  current: string,
  table: readonly CommandRecord[],
  names: NameSource,
): Promise<Completion> {
  if (place.pending !== undefined) return valuesOf(place.pending, { prefix: '', current }, place, names);
  if (!place.ended && current.startsWith('--') && current.includes('=')) {
    const name = current.slice(2, current.indexOf('='));
    const group = { ...place.record?.flags, ...globalFlags };
    const flag = Object.values(group).find((each) => each.long === name);
    return flag === undefined ? NOTHING : valuesOf(flag, { prefix: `--${name}=`, current }, place, names);
  }
  if (!place.ended && current.startsWith('-')) return { candidates: flagCandidates(place), fallback: 'none' };
  if (place.record === undefined) {
    const candidates = commandsBelow(place.path, table).map(({ left, right }) => ({
      text: left,
      description: right,
    }));
    return { candidates, fallback: 'none' };
  }
  if (place.record.paths.includes('help')) {
    const below = commandsBelow(place.args.join(' '), table);
    return {
      candidates: below.map(({ left, right }) => ({ text: left, description: right })),
      fallback: 'none',
    };
  }
  if (place.record.paths.includes('completion')) {
    return { candidates: ['bash', 'zsh', 'fish'].map((text) => ({ text })), fallback: 'none' };
  }
  const provider = providerFor(place.record.arguments, place.args.length);
  if (provider === undefined) return NOTHING;
  const { candidates, fallback } = await provided(provider, current, place, names);
  return { candidates: candidates.filter(({ text }) => !place.args.includes(text)), fallback };
}

const NOTHING: Completion = { candidates: [], fallback: 'none' };

function flagCandidates(place: Place): Candidate[] {
  const flags = place.record === undefined ? { ...globalFlags, ...rootFlags } : place.record.flags;
  return [...visibleFlags(flags), helpFlag].map(({ long, help }) => ({
    text: `--${long}`,
    description: help,
  }));
}

/** The last provider of a list is for all further arguments. */
function providerFor(spec: ArgumentSpec, position: number): CompletionProvider | undefined {
  if (position >= spec.max || spec.complete === undefined) return undefined;
  if (typeof spec.complete === 'string') return spec.complete;
  return spec.complete[Math.min(position, spec.complete.length - 1)];
}

async function valuesOf(
  flag: FlagRecord,
  { prefix, current }: { prefix: string; current: string },
  place: Place,
  names: NameSource,
): Promise<Completion> {
  if (flag.type === 'bool')
    return { candidates: ['true', 'false'].map((text) => ({ text: prefix + text })), fallback: 'none' };
  const typed = { prefix, current: current.slice(prefix.length) };
  return offered(flag.complete ?? flag.values ?? [], typed, place, names);
}

/** Of one kind, each candidate behind what stands before it in the same word. */
async function offered(
  source: CompletionProvider | readonly string[] | CompletionWords,
  { prefix, current }: { prefix: string; current: string },
  place: Place,
  names: NameSource,
): Promise<Completion> {
  const paths = place.record?.paths ?? [];
  if (source === 'filters') return offered(filterWords(paths) ?? [], { prefix, current }, place, names);
  if (source === 'formats')
    return offered(['json', 'table', ...formatFields(paths)], { prefix, current }, place, names);
  if (isList(source))
    return { candidates: source.map((text) => ({ text: prefix + text })), fallback: 'none' };
  if (typeof source === 'string') {
    const { candidates, fallback } = await provided(source, current, place, names);
    return { candidates: candidates.map((each) => ({ ...each, text: prefix + each.text })), fallback };
  }
  for (const [word, after] of Object.entries(source)) {
    if (!/[=:]$/.test(word) || !current.startsWith(word)) continue;
    const rest = { prefix: prefix + word, current: current.slice(word.length) };
    return offered(after, rest, place, names);
  }
  const { '': plain = [], ...words } = source;
  const alone = await offered(plain, { prefix, current }, place, names);
  const candidates = [...alone.candidates, ...Object.keys(words).map((text) => ({ text: prefix + text }))];
  return { candidates, fallback: alone.fallback };
}

/** Array.isArray does not see that a list may be readonly. */
function isList(source: unknown): source is readonly string[] {
  return Array.isArray(source);
}

/** Volumes to mount, and what is copied from and to, may be paths as well. */
async function provided(
  provider: CompletionProvider,
  typed: string,
  place: Place,
  names: NameSource,
): Promise<Completion> {
  if (provider === 'files' || provider === 'directories') return { candidates: [], fallback: provider };
  if (/^(\/|~|\.\.?(\/|$))/.test(typed)) return { candidates: [], fallback: 'files' };
  if (provider === 'container-paths') {
    const found = (await names('containers', place.globals))
      .map(({ text, description }) => ({ text: `${text}:`, description }))
      .filter(({ text }) => text.startsWith(typed));
    return { candidates: found, fallback: found.length === 0 ? 'files' : 'none' };
  }
  const found = await names(provider, place.globals);
  if (provider !== 'signals') return { candidates: found, fallback: 'none' };
  const short = typed === '' ? [] : found.map(({ text }) => ({ text: text.replace(/^SIG/, '') }));
  return { candidates: [...found, ...short], fallback: 'none' };
}

async function namesFromState(
  provider: CompletionProvider,
  globals: ReadonlyMap<string, string>,
): Promise<Candidate[]> {
  const { namesForCompletion } = await import('./complete-names.ts');
  return namesForCompletion(provider, globals);
}
