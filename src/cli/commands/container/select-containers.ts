import { readFileSync } from 'node:fs';
import { messageOf, NotFoundError, UsageError } from '../../../base/errors.ts';
import {
  type ContainerRecord,
  latestContainer,
  listContainers,
  lookupContainer,
  settleQuietly,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandInput } from '../../command.ts';
import { printMessage } from '../../report-error.ts';

export interface SelectOptions {
  /** Which ones `--all` means; absent: every one. */
  all?: (record: ContainerRecord) => boolean;
  /** Missing ones are passed over (rm --ignore, rm --force). */
  ignoreMissing?: boolean;
  /** docker names those that it passes over, and ends with 0 all the same. */
  tellMissing?: boolean;
  /** With --all and --filter, what depends on a container comes before it. */
  dependentsFirst?: boolean;
  /** Also one whose definition was damaged: it can still be ended and removed. */
  evenDamaged?: boolean;
}

/** A container, or why a name leads to none: commands over many go on with the others. */
export type Selected = { name: string; record: ContainerRecord } | { name: string; error: unknown };

/** The containers that a command line names: by name or id, --all, --latest, --cidfile, --filter. */
export async function selectContainers(
  engine: Engine,
  input: CommandInput,
  options: SelectOptions = {},
): Promise<Selected[]> {
  const { flags } = input;
  const cidFiles = Array.isArray(flags['cidfile']) ? flags['cidfile'] : [];
  const filters = Array.isArray(flags['filter']) ? flags['filter'] : [];
  const names = [...input.args, ...cidFiles.flatMap((path) => readCidFile(path, options))];
  const ways = [names.length > 0, flags['all'] === true, flags['latest'] === true].filter(Boolean).length;
  if (ways > 1) throw new UsageError('--all, --latest and containers by name cannot be used together');
  if (flags['latest'] === true) return [selected(latestContainer(engine.db))];
  if (flags['all'] === true || filters.length > 0) {
    const found = await byFilter(engine, filters, options, names);
    return options.dependentsFirst ? dependentsFirst(found) : found;
  }
  if (names.length === 0 && cidFiles.length === 0 && flags['running'] !== true) {
    throw new UsageError('you must provide at least one name or id');
  }
  return names.flatMap((name) => byName(engine, name, options));
}

function selected(record: ContainerRecord): Selected {
  return { name: record.name, record };
}

function byName(engine: Engine, name: string, options: SelectOptions): Selected[] {
  try {
    return [{ name, record: lookupContainer(engine.db, name, options) }];
  } catch (error) {
    if (options.ignoreMissing && error instanceof NotFoundError) {
      if (options.tellMissing) printMessage(error);
      return [];
    }
    return [{ name, error }];
  }
}

/** The rest keeps its order. An infra container stays where it is: it goes with its pod. */
function dependentsFirst(selection: readonly Selected[]): Selected[] {
  const ordered = new Set<Selected>();
  const add = (each: Selected): void => {
    if (ordered.has(each)) return;
    if ('record' in each && each.record.spec.podRole !== 'infra')
      for (const other of selection)
        if ('record' in other && other.record.spec.dependencies.includes(each.record.id)) add(other);
    ordered.add(each);
  };
  for (const each of selection) add(each);
  return [...ordered];
}

async function byFilter(
  engine: Engine,
  filters: readonly string[],
  options: SelectOptions,
  names: readonly string[],
): Promise<Selected[]> {
  const { containerPredicate } = await import('../../../engine/container-filters.ts');
  const matches = await containerPredicate(engine, filters);
  const result: Selected[] = [];
  for (const stored of listContainers(engine.db)) {
    const record = await settleQuietly(engine, stored);
    if (record === undefined || !matches(record)) continue;
    if (names.length > 0 && !names.some((name) => name === record.name || record.id.startsWith(name)))
      continue;
    if (filters.length === 0 && options.all !== undefined && !options.all(record)) continue;
    result.push(selected(record));
  }
  return result;
}

function readCidFile(path: string, options: SelectOptions): string[] {
  try {
    const id = readFileSync(path, 'utf8').split('\n')[0]?.trim();
    return id === undefined || id === '' ? [] : [id];
  } catch (error) {
    if (options.ignoreMissing) return [];
    throw new UsageError(`cannot read container id file ${path}: ${messageOf(error)}`, { cause: error });
  }
}
