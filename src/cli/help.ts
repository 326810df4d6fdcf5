import { UsageError } from '../base/errors.ts';
import type { CommandRecord } from './command.ts';
import { nouns } from './commands/nouns.ts';
import type { FlagRecord } from './flag.ts';
import { globalFlags, helpFlag, rootFlags } from './flags/global.ts';
import { type Entry, layOut } from './output/two-columns.ts';

const SUMMARY = 'Run containers, pods and images without a daemon';

/** The help text of the program (no words), a noun or a command, without a line end. Throws UsageError for other words. */
export function helpFor(
  words: readonly string[],
  commands: readonly CommandRecord[],
  program: string,
  width = terminalWidth(),
): string {
  const path = words.join(' ');
  const record = commands.find((each) => each.paths.includes(path));
  if (record !== undefined) return commandHelp(record, { path, program, width });
  const entries = commandsBelow(path, commands);
  if (entries.length === 0) {
    throw new UsageError(`unknown help topic: ${path}`, { hint: `'${program} --help' lists the commands` });
  }
  return path === '' ? rootHelp(entries, program, width) : nounHelp(path, entries, { program, width });
}

/** The commands one word below `path`, sorted; a command is listed by its first path there. */
export function commandsBelow(path: string, commands: readonly CommandRecord[]): Entry[] {
  const prefix = path === '' ? '' : `${path} `;
  const found = new Map<string, string>();
  for (const record of commands) {
    if (record.hidden === true) continue;
    const inside = record.paths
      .filter((each) => each.startsWith(prefix))
      .map((each) => each.slice(prefix.length));
    const own = inside.find((rest) => !rest.includes(' '));
    if (own !== undefined) found.set(own, record.summary);
    for (const rest of inside) {
      const noun = rest.split(' ')[0] ?? '';
      if (rest !== noun) found.set(noun, nouns[prefix + noun] ?? '');
    }
  }
  return [...found].map(([left, right]) => ({ left, right })).sort((a, b) => (a.left < b.left ? -1 : 1));
}

/** As in the usage line: `run [options] IMAGE [COMMAND [ARG...]]`. */
export function usageOf(record: CommandRecord, path: string): string {
  const options = visibleFlags(record.flags).length === 0 ? '' : '[options]';
  return [path, options, record.arguments.usage].filter((part) => part !== '').join(' ');
}

export function visibleFlags(flags: Readonly<Record<string, FlagRecord>>): FlagRecord[] {
  return Object.values(flags)
    .filter((flag) => flag.hidden !== true && flag.refused === undefined)
    .sort((a, b) => (a.long < b.long ? -1 : 1));
}

/** `-v, --volume path`: how a flag is written. */
export function spellingOf(flag: FlagRecord): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.type === 'bool' ? '' : ` ${flag.placeholder ?? typeWord(flag)}`;
  return `${short}--${flag.long}${flag.noOptDefault === undefined ? value : `[=${value.trim()}]`}`;
}

export function meaningOf(flag: FlagRecord): string {
  if (flag.default === undefined || flag.default === false || flag.default === '') return flag.help;
  const text = typeof flag.default === 'string' ? JSON.stringify(flag.default) : String(flag.default);
  return `${flag.help} (default ${text})`;
}

interface Context {
  path: string;
  program: string;
  width: number;
}

function commandHelp(record: CommandRecord, { path, program, width }: Context): string {
  const others = record.paths.filter((each) => each !== path);
  const flags = program === 'docker' ? { ...record.flags, ...record.dockerFlags } : record.flags;
  return sections([
    ['', record.summary],
    ['Description', record.description ?? `${record.summary}.`],
    ['Usage', `${program} ${usageOf(record, path)}`],
    ['Aliases', others.map((each) => `${program} ${each}`).join('\n')],
    ['Examples', record.examples.map((example) => withProgram(example, program)).join('\n')],
    ['Options', layOut(optionEntries(flags), width)],
  ]);
}

function nounHelp(
  path: string,
  entries: readonly Entry[],
  { program, width }: Omit<Context, 'path'>,
): string {
  return sections([
    ['', nouns[path] ?? path],
    ['Usage', `${program} ${path} [command]`],
    ['Available Commands', layOut(entries, width)],
  ]);
}

function rootHelp(entries: readonly Entry[], program: string, width: number): string {
  const options = optionEntries({ ...globalFlags, ...rootFlags, help: helpFlag });
  return sections([
    ['', SUMMARY],
    ['Usage', `${program} [options] [command]`],
    ['Available Commands', layOut(entries, width)],
    ['Options', layOut(options, width)],
  ]);
}

function optionEntries(flags: Readonly<Record<string, FlagRecord>>): Entry[] {
  return visibleFlags(flags).map((flag) => ({ left: spellingOf(flag), right: meaningOf(flag) }));
}

/** Examples in records begin with the command; a program in front of a redirection or pipe stays what it is. */
function withProgram(example: string, program: string): string {
  return `${program} ${example}`;
}

function sections(parts: readonly (readonly [string, string])[]): string {
  return parts
    .filter(([, text]) => text !== '')
    .map(([heading, text]) => (heading === '' ? text : `${heading}:\n${text.replace(/^(?=.)/gm, '  ')}`))
    .join('\n\n');
}

function typeWord(flag: FlagRecord): string {
  const words = { stringArray: 'string', stringSlice: 'strings', bytes: 'bytes', bool: '' };
  return flag.type in words ? words[flag.type as keyof typeof words] : flag.type;
}

/** 0 where lines need not be broken. */
function terminalWidth(): number {
  const told = Number(process.env['COLUMNS']);
  if (Number.isInteger(told) && told > 0) return told;
  return process.stdout.isTTY ? process.stdout.columns : 0;
}
