import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
import { IGNORED_KEYS, ignoredIn } from './containers-conf-ignored.ts';
import { findModules } from './conf-modules.ts';
import { errnoOf, InvalidSpecError, messageOf } from './errors.ts';
import { log } from './log.ts';
import type { Paths } from './paths.ts';
import { rootlessUid } from './paths.ts';

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
 * Throws InvalidSpecError that names file and line.
 */
export function readRuntimeConfig(
  paths: Pick<Paths, 'runRoot'>,
  env: Record<string, string | undefined> = process.env,
  modules: readonly string[] = [],
): RuntimeConfig {
  const found = presentFiles(env, modules);
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
  const appending = new Set<string>();
  for (const file of found) mergeFile(merged, file.path, appending);
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
  return presentFiles(env, modules)
    .map(({ key }) => key)
    .join(' ');
}

function presentFiles(
  env: Record<string, string | undefined>,
  modules: readonly string[],
): { path: string; key: string }[] {
  return configFiles(env, modules).flatMap((path) => {
    const key = identity(path);
    return key === undefined ? [] : [{ path, key }];
  });
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
const CACHE_FORMAT = 6;

/** Lowest priority first. $CONTAINERS_CONF replaces the usual places, modules and $CONTAINERS_CONF_OVERRIDE come on top of either. */
function configFiles(env: Record<string, string | undefined>, modules: readonly string[]): string[] {
  const files: string[] = [];
  if (env['CONTAINERS_CONF']) files.push(env['CONTAINERS_CONF']);
  else {
    files.push('/usr/share/containers/containers.conf', '/etc/containers/containers.conf');
    files.push(...dropIns('/etc/containers/containers.conf.d'));
    if (rootlessUid() !== undefined) {
      const home = userDirectory(env);
      files.push(join(home, 'containers.conf'), ...dropIns(join(home, 'containers.conf.d')));
    }
  }
  if (modules.length > 0) files.push(...findModules(modules, userDirectory(env)));
  if (env['CONTAINERS_CONF_OVERRIDE']) files.push(env['CONTAINERS_CONF_OVERRIDE']);
  return files;
}

function userDirectory(env: Record<string, string | undefined>): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config'), 'containers');
}

function dropIns(directory: string): string[] {
  if (!existsSync(directory)) return [];
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function identity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${path}:${stat.mtimeNs}:${stat.size}:${stat.ino}`;
}

function readCache(file: string, key: string): MergedConf | undefined {
  try {
    const cache = JSON.parse(readFileSync(file, 'utf8')) as { key?: unknown; merged?: MergedConf };
    return cache.key === key ? cache.merged : undefined;
  } catch {
    return undefined;
  }
}

/** `appending`: names of the lists to which this file and those after it add. */
function mergeFile(merged: MergedConf, path: string, appending: Set<string>): void {
  const { text, document } = parseToml(path);
  for (const [section, keys] of SECTIONS) {
    const table = document[section];
    if (table === undefined) continue;
    if (!isTable(table)) throw new InvalidSpecError(`${path}: [${section}] is not a table`);
    for (const [key, type] of Object.values(keys)) {
      const value = table[key];
      if (value === undefined) continue;
      const name = `${section}.${key}`;
      const fail = failureAt(path, text, name);
      merged.values[name] =
        type === 'strings'
          ? mergedList(value, { name, fail, before: merged.values[name], appending })
          : checked(type, value, fail);
      merged.origin[name] = path;
    }
  }
  for (const name of ignoredIn(document)) {
    merged.ignored[name] = path;
    log('warn', `${path}: ${name} has no effect: ${IGNORED_KEYS[name] ?? ''}`);
  }
  const engine = document['engine'];
  const runtimes = isTable(engine) ? engine['runtimes'] : undefined;
  if (!isTable(runtimes)) return;
  for (const [key, value] of Object.entries(runtimes)) {
    const name = `engine.runtimes.${key}`;
    const fail = failureAt(path, text, name);
    merged.runtimes[key] = mergedList(value, { name, fail, before: undefined, appending: new Set() });
    merged.origin[name] = path;
  }
}

type Failure = (wanted: string) => InvalidSpecError;

function failureAt(path: string, text: string, name: string): Failure {
  return (wanted) => {
    const line = lineOf(text, name);
    const where = line === undefined ? path : `${path}, line ${line}`;
    return new InvalidSpecError(`${where}: ${name} must be ${wanted}`);
  };
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
    if (typeof value !== 'string') throw fail('a string');
    return value;
  }
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw fail('true or false');
    return value;
  }
  if (type === 'int') {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw fail('a whole number');
    return value;
  }
  if (type === 'pools') {
    if (!Array.isArray(value) || !value.every(isPool))
      throw fail('a list of {"base" = "SUBNET", "size" = BITS}');
    return value.map(({ base, size }): SubnetPool => ({ base, size }));
  }
  if (!isTable(value) || !Object.values(value).every((each) => typeof each === 'string'))
    throw fail('a table of strings');
  return value;
}

/** A list may have `{append=true}`: then it adds to what earlier files said, and so do those in later files until one has `{append=false}`. */
function mergedList(
  value: unknown,
  { name, fail, before, appending }: { name: string; fail: Failure; before: unknown; appending: Set<string> },
): string[] {
  if (!Array.isArray(value)) throw fail('a list of strings');
  const list: string[] = [];
  for (const item of value as unknown[]) {
    if (typeof item === 'string') list.push(item);
    else if (!isTable(item) || typeof item['append'] !== 'boolean')
      throw fail('a list of strings, with {append=true} where it adds to another');
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
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { text: '', document: {} };
    throw new InvalidSpecError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
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
