import { InvalidSpecError } from '../../../base/errors.ts';
import type { FlagValue } from '../../flag.ts';
import { indexFlags, parseFlags } from '../../parse-flags.ts';
import { containerRunRecords } from '../records/container-run.ts';

/** What the unit decides itself, or what makes no sense in it. */
const LEFT_OUT = new Set(['cgroups', 'cidfile', 'detach', 'pidfile', 'replace', 'restart', 'rm', 'sdnotify']);

export interface CreatedWords {
  /** Options, image and command, for `run`. */
  words: string[];
  /** What --restart was, as systemd says it. */
  restart: string | undefined;
}

/** Takes the command line apart by which a container was made, and puts it together for a unit. */
export function createdWords(command: readonly string[], options: { template: boolean }): CreatedWords {
  const at = command.findIndex((word) => word === 'run' || word === 'create');
  const record = containerRunRecords.find(({ paths }) => paths.includes(command[at] ?? ''));
  if (record === undefined) throw new InvalidSpecError(`cannot make a unit from: ${command.join(' ')}`);
  const index = indexFlags(record.flags);
  const { values, args } = parseFlags(command.slice(at + 1), index, true);
  const words: string[] = [];
  for (const { key, flag } of index.byLong.values()) {
    const value = values[key];
    if (value === undefined || LEFT_OUT.has(flag.long) || words.some((word) => isOf(word, flag.long)))
      continue;
    if (options.template && flag.long === 'name') continue;
    words.push(...asWords(flag.long, value, flag.type === 'stringSlice'));
  }
  return { words: [...words, ...args], restart: systemdRestart(values['restart']) };
}

function isOf(word: string, long: string): boolean {
  return word === `--${long}` || word.startsWith(`--${long}=`);
}

function asWords(long: string, value: FlagValue, isSlice: boolean): string[] {
  if (value === true) return [`--${long}`];
  const values = Array.isArray(value) ? value : [String(value)];
  return values.map(
    (text) => `--${long}=${isSlice && /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text}`,
  );
}

function systemdRestart(value: FlagValue): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value === 'unless-stopped' || value === 'always') return 'always';
  return value.startsWith('on-failure') ? 'on-failure' : 'no';
}
