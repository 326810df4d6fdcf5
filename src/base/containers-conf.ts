import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { writeFileAtomic } from './atomic-file.ts';
import {
  CONTAINERS_KEYS,
  type ConfType,
  type SubnetPool,
  type ContainersSection,
  ENGINE_KEYS,
  type EngineSection,
  NETWORK_KEYS,
  type NetworkSection,
  SECRETS_KEYS,
  type SecretsSection,
} from './containers-conf-keys.ts';
import { ignoredIn } from './containers-conf-ignored.ts';
import { EMPTY_MEANS_SOMETHING, isIpv4Subnet, VALUE_RULES } from './containers-conf-values.ts';
import { presentConfFiles, readConfFile } from './containers-conf-files.ts';
import { InvalidSpecError, messageOf } from './errors.ts';
import { log } from './log.ts';
import type { Paths } from './paths.ts';

/** containers.conf as merged from all its files, with the built-in values where no file says anything. */
export interface RuntimeConfig {
  containers: ContainersSection;
  engine: EngineSection;
  network: NetworkSection;
  secrets: SecretsSection;
  /** [engine.runtimes]: name → paths to try. Names that are absent have the usual places. */
  runtimes: Record<string, string[]>;
  /** The files that were read, in order; a later one wins. */
  files: string[];
  /** `containers.init` → file that set it last. Absent: built-in. */
  origin: Record<string, string>;
  /** What these files say, by the same names. */
  values: Record<string, unknown>;
  /** Keys of podman's that these files set and that have no effect here → the last file. */
  ignored: Record<string, string>;
}

/**
 * Reads and merges containers.conf. Parsing TOML costs several milliseconds, so the result is kept in the run root under a key
 * made of path, size, inode and mtime of every file; while these stay the same no TOML is parsed.
 * Throws InvalidSpecError that names file and line, the key, its value and what is allowed.
 */
export function readRuntimeConfig(
  paths: Pick<Paths, 'runRoot'>,
  env: Record<string, string | undefined> = process.env,
  modules: readonly string[] = [],
): RuntimeConfig {
  const found = presentConfFiles(env, modules);
  if (found.length === 0)
    return withDefaults({ values: {}, runtimes: {}, origin: {}, files: [], ignored: {} });
  const cacheFile = join(paths.runRoot, 'containers-conf.json');
  const key = `${CACHE_FORMAT} ${found.map((file) => file.key).join(' ')}`;
  const cached = readCache(cacheFile, key);
  if (cached !== undefined) return withDefaults(cached);
  const merged: MergedConf = {
    ...{ values: {}, runtimes: {}, origin: {}, ignored: {} },
    files: found.map((file) => file.path),
  };
  const state: MergeState = { appending: new Set(), checks: new Map() };
  for (const file of found) mergeFile(merged, file.path, state);
  // What a later file sets right is no error.
  for (const check of [...state.checks.values()].flat()) check();
  try {
    writeFileAtomic(cacheFile, JSON.stringify({ key, merged }), { durable: false });
  } catch {
    // No run root yet, or not ours to write: the next command parses again.
  }
  return withDefaults(merged);
}

/** Another text whenever one of the files has come, gone or changed; costs a few calls of stat. */
export function runtimeConfigKey(
  env: Record<string, string | undefined> = process.env,
  modules: readonly string[] = [],
): string {
  return presentConfFiles(env, modules)
    .map(({ key }) => key)
    .join(' ');
}

/** What the files say, before defaults: `containers.init` → value. */
interface MergedConf {
  values: Record<string, unknown>;
  runtimes: Record<string, string[]>;
  origin: Record<string, string>;
  files: string[];
  ignored: Record<string, string>;
}

/** Raised whenever the key tables or MergedConf change their meaning. */
const CACHE_FORMAT = 7;

function readCache(file: string, key: string): MergedConf | undefined {
  try {
    const cache = JSON.parse(readFileSync(file, 'utf8')) as { key?: unknown; merged?: MergedConf };
    return cache.key === key ? cache.merged : undefined;
  } catch {
    return undefined;
  }
}

interface MergeState {
  /** Names of the lists to which the file and those after it add. */
  appending: Set<string>;
  /** Of the values that count so far: throws where one of them is not allowed. */
  checks: Map<string, (() => void)[]>;
}

function mergeFile(merged: MergedConf, path: string, state: MergeState): void {
  const { text, document } = parseToml(path);
  for (const [section, keys] of SECTIONS) {
    const table = document[section];
    if (table === undefined) continue;
    if (!isTable(table)) throw new InvalidSpecError(`${path}: [${section}] is not a table`);
    for (const [key, type, fallback] of Object.values(keys)) {
      const value = table[key];
      if (value === undefined) continue;
      const name = `${section}.${key}`;
      const fail = failureAt(path, text, name);
      merged.origin[name] = path;
      if (type === 'strings') {
        merged.values[name] = mergedList(value, { name, fail, before: merged.values[name], state });
        addCheck(state, name, () => checkItems(name, value, fail));
        continue;
      }
      merged.values[name] = checked(type, value, fail);
      state.checks.delete(name);
      if (value === '' && !EMPTY_MEANS_SOMETHING.has(name)) {
        if (fallback !== '') delete merged.values[name];
        if (fallback !== '') delete merged.origin[name];
      } else if (value !== '') addCheck(state, name, () => checkValue(name, value, fail));
    }
  }
  for (const [name, reason] of ignoredIn(document)) {
    merged.ignored[name] = path;
    log('warn', `${path}: ${name} has no effect: ${reason}`);
  }
  const engine = document['engine'];
  const runtimes = isTable(engine) ? engine['runtimes'] : undefined;
  if (!isTable(runtimes)) return;
  for (const [key, value] of Object.entries(runtimes)) {
    const name = `engine.runtimes.${key}`;
    const fail = failureAt(path, text, name);
    const alone: MergeState = { appending: new Set(), checks: new Map() };
    merged.runtimes[key] = mergedList(value, { name, fail, before: undefined, state: alone });
    merged.origin[name] = path;
  }
}

/** To those of a list that is added to. */
function addCheck({ appending, checks }: MergeState, name: string, check: () => void): void {
  checks.set(name, appending.has(name) ? [...(checks.get(name) ?? []), check] : [check]);
}

function checkItems(name: string, value: unknown, fail: Failure): void {
  for (const item of value as unknown[])
    if (typeof item === 'string' && item !== '') checkValue(name, item, fail);
}

function checkValue(name: string, value: unknown, fail: Failure): void {
  if (name === 'network.default_subnet_pools') {
    for (const pool of value as SubnetPool[]) checkPool(pool, fail);
    return;
  }
  const rule = VALUE_RULES[name];
  if (rule === undefined || (typeof value !== 'string' && typeof value !== 'number')) return;
  if (!rule.allows(value)) throw fail(rule.wanted, value);
}

/** Smaller ones leave no address beside those of the network, its gateway and its broadcast. */
const SMALLEST_PREFIX = 30;

function checkPool(pool: SubnetPool, fail: Failure): void {
  if (!isIpv4Subnet(pool.base))
    throw fail('subnets of IPv4 such as {"base" = "10.89.0.0/16", "size" = 24}', pool);
  const prefix = Number(pool.base.split('/')[1]);
  if (pool.size < prefix || pool.size > SMALLEST_PREFIX)
    throw fail(`pools with a size from ${prefix} (that of their base) to ${SMALLEST_PREFIX}`, pool);
}

type Failure = (wanted: string, value?: unknown) => InvalidSpecError;

function failureAt(path: string, text: string, name: string): Failure {
  return (wanted, value) => {
    const line = lineOf(text, name);
    const where = line === undefined ? path : `${path}, line ${line}`;
    const instead = value === undefined ? '' : `, not ${quoted(value)}`;
    return new InvalidSpecError(`${where}: ${name} must be ${wanted}${instead}`);
  };
}

/** On one line and of a length that is read. */
function quoted(value: unknown): string {
  const text =
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? '';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Where a key of a table is set, from 1 on; undefined where it is written in a way that is not looked for (an inline table). */
function lineOf(text: string, name: string): number | undefined {
  const dot = name.lastIndexOf('.');
  const [table, key] = [name.slice(0, dot), name.slice(dot + 1)];
  let current = '';
  for (const [at, line] of text.split('\n').entries()) {
    const header = /^\s*\[\s*([\w.-]+)\s*\]/.exec(line);
    if (header !== null) current = header[1] ?? '';
    const set = /^\s*"?([\w-]+)"?\s*=/.exec(line);
    if (current === table && set?.[1] === key) return at + 1;
  }
  return undefined;
}

function checked(type: Exclude<ConfType, 'strings'>, value: unknown, fail: Failure): unknown {
  if (type === 'string') {
    if (typeof value !== 'string') throw fail('a string', value);
    return value;
  }
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw fail('true or false', value);
    return value;
  }
  if (type === 'int') {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw fail('a whole number', value);
    return value;
  }
  if (type === 'pools') {
    if (!Array.isArray(value) || !value.every(isPool))
      throw fail('a list of {"base" = "SUBNET", "size" = BITS}', value);
    return value.map(({ base, size }): SubnetPool => ({ base, size }));
  }
  if (!isTable(value) || !Object.values(value).every((each) => typeof each === 'string'))
    throw fail('a table of strings', value);
  return value;
}

/** A list may have `{append=true}`: then it adds to what earlier files said, and so do those in later files until one has `{append=false}`. */
function mergedList(
  value: unknown,
  { name, fail, before, state }: { name: string; fail: Failure; before: unknown; state: MergeState },
): string[] {
  const { appending } = state;
  if (!Array.isArray(value)) throw fail('a list of strings', value);
  const list: string[] = [];
  for (const item of value as unknown[]) {
    if (typeof item === 'string') list.push(item);
    else if (!isTable(item) || typeof item['append'] !== 'boolean')
      throw fail('a list of strings, with {append=true} where it adds to another', item);
    else if (item['append']) appending.add(name);
    else appending.delete(name);
  }
  if (!appending.has(name)) return list;
  return [...(Array.isArray(before) ? (before as string[]) : defaultList(name)), ...list];
}

function isPool(value: unknown): value is SubnetPool {
  return isTable(value) && typeof value['base'] === 'string' && Number.isInteger(value['size']);
}

function defaultList(name: string): string[] {
  for (const [section, keys] of SECTIONS)
    for (const [key, , value] of Object.values(keys))
      if (`${section}.${key}` === name && Array.isArray(value)) return value as string[];
  return [];
}

function parseToml(path: string): { text: string; document: Record<string, unknown> } {
  const text = readConfFile(path);
  try {
    return { text, document: parse(text) };
  } catch (error) {
    const line = error instanceof Error && 'line' in error ? `, line ${String(error.line)}` : '';
    const reason = messageOf(error).split('\n')[0] ?? '';
    throw new InvalidSpecError(`${path}${line}: ${reason}`, { cause: error });
  }
}

const SECTIONS: readonly [
  'containers' | 'engine' | 'network' | 'secrets',
  Record<string, [key: string, type: ConfType, value: unknown]>,
][] = [
  ['containers', { ...CONTAINERS_KEYS }],
  ['engine', { ...ENGINE_KEYS }],
  ['network', { ...NETWORK_KEYS }],
  ['secrets', { ...SECRETS_KEYS }],
];

function withDefaults(merged: MergedConf): RuntimeConfig {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const [section, keys] of SECTIONS) {
    const values: Record<string, unknown> = {};
    for (const [member, [key, , fallback]] of Object.entries(keys))
      values[member] = merged.values[`${section}.${key}`] ?? fallback;
    sections[section] = values;
  }
  return {
    // The values were checked against the same tables when they were merged.
    ...(sections as unknown as Pick<RuntimeConfig, 'containers' | 'engine' | 'network' | 'secrets'>),
    runtimes: merged.runtimes,
    files: merged.files,
    origin: merged.origin,
    values: merged.values,
    ignored: merged.ignored,
  };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
