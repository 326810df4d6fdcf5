import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';

/** The merged registries.conf (version 2) and its drop-ins. */
export interface RegistriesConf {
  unqualifiedSearchRegistries: string[];
  shortNameMode: 'permissive' | 'enforcing' | 'disabled';
  /** Short name to repository. */
  aliases: Map<string, string>;
  registries: RegistryRule[];
  /** Names of docker-credential-NAME programs, or `containers-auth.json` for the auth files. */
  credentialHelpers: string[];
  /** The file that a user would edit: for error messages. */
  origin: string;
}

export interface RegistryRule {
  /** Repository or namespace or host that the rule is for; may be `*.domain`. */
  prefix: string;
  /** What the prefix is replaced with; '' leaves the name as it is. */
  location: string;
  insecure: boolean;
  blocked: boolean;
  mirrorByDigestOnly: boolean;
  mirrors: RegistryMirror[];
}

export interface RegistryMirror {
  location: string;
  insecure: boolean;
  pullFromMirror: 'all' | 'digest-only' | 'tag-only';
}

type Table = Record<string, unknown>;

/**
 * Reads the main file (the first of $CONTAINERS_REGISTRIES_CONF, the user's, /etc/containers/registries.conf), then the
 * drop-ins, then the recorded aliases; later files win. A missing file is fine, a malformed one is an InvalidSpecError.
 */
export async function readRegistriesConf(env: NodeJS.ProcessEnv = process.env): Promise<RegistriesConf> {
  const { parse } = await import('smol-toml');
  const places = confPlaces(env);
  const conf: RegistriesConf = {
    unqualifiedSearchRegistries: [],
    shortNameMode: 'permissive',
    aliases: new Map(),
    registries: [],
    credentialHelpers: [],
    origin: places.main,
  };
  for (const file of [places.main, ...places.dropIns, places.recordedAliases]) {
    const text = readIfThere(file);
    if (text === undefined) continue;
    let table: Table;
    try {
      table = parse(text) as Table;
    } catch (error) {
      throw new InvalidSpecError(`parsing ${file}: ${messageOf(error)}`, { cause: error });
    }
    merge(conf, table, file);
  }
  return conf;
}

/** The rule with the longest prefix that covers the repository (with or without tag or digest). */
export function ruleFor(conf: RegistriesConf, name: string): RegistryRule | undefined {
  let best: RegistryRule | undefined;
  for (const rule of conf.registries) {
    if (matchedLength(rule.prefix, name) === 0) continue;
    if (best === undefined || rule.prefix.length > best.prefix.length) best = rule;
  }
  return best;
}

/** How many characters of `name` the prefix stands for; 0 when it does not cover it. */
export function matchedLength(prefix: string, name: string): number {
  if (prefix.startsWith('*.')) {
    const host = name.split('/')[0] ?? '';
    return host.endsWith(prefix.slice(1)) ? host.length : 0;
  }
  if (!name.startsWith(prefix)) return 0;
  return name.length === prefix.length || '/:@'.includes(name.charAt(prefix.length)) ? prefix.length : 0;
}

interface ConfPlaces {
  main: string;
  dropIns: string[];
  recordedAliases: string;
}

function confPlaces(env: NodeJS.ProcessEnv): ConfPlaces {
  const home = env['HOME'] ?? '/root';
  const user = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers');
  const named = env['CONTAINERS_REGISTRIES_CONF'] || env['REGISTRIES_CONFIG_PATH'];
  const usersOwn = join(user, 'registries.conf');
  const main = named || (existsSync(usersOwn) ? usersOwn : '/etc/containers/registries.conf');
  const dropIns = [
    ...filesIn('/etc/containers/registries.conf.d'),
    ...filesIn(join(user, 'registries.conf.d')),
  ];
  const cache = rootlessUid() === undefined ? '/var/cache' : env['XDG_CACHE_HOME'] || join(home, '.cache');
  return { main, dropIns, recordedAliases: join(cache, 'containers/short-name-aliases.conf') };
}

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(directory, name));
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function merge(conf: RegistriesConf, table: Table, file: string): void {
  const old = table['registries'];
  if (typeof old === 'object' && old !== null) {
    throw new InvalidSpecError(`${file} is in the old format (version 1) of registries.conf`, {
      hint: 'replace [registries.search] by `unqualified-search-registries = ["…"]`',
    });
  }
  const search = table['unqualified-search-registries'];
  if (search !== undefined)
    conf.unqualifiedSearchRegistries = strings(search, `${file}: unqualified-search-registries`);
  const helpers = table['credential-helpers'];
  if (helpers !== undefined) conf.credentialHelpers = strings(helpers, `${file}: credential-helpers`);
  const mode = table['short-name-mode'];
  if (mode !== undefined) {
    if (mode !== 'permissive' && mode !== 'enforcing' && mode !== 'disabled') {
      throw new InvalidSpecError(`${file}: invalid short-name mode ${JSON.stringify(mode)}`);
    }
    conf.shortNameMode = mode;
  }
  for (const [name, target] of Object.entries(subTable(table['aliases'], `${file}: aliases`))) {
    if (typeof target !== 'string') throw new InvalidSpecError(`${file}: alias ${name} is not a string`);
    if (target === '') conf.aliases.delete(name);
    else conf.aliases.set(name, target);
  }
  const rules = tables(table['registry'], `${file}: registry`).map((one) => rule(one, file));
  const replaced = new Set(rules.map((one) => one.prefix));
  conf.registries = [...conf.registries.filter((one) => !replaced.has(one.prefix)), ...rules];
}

function rule(table: Table, file: string): RegistryRule {
  const location = trimSlash(text(table['location'], `${file}: location`));
  const prefix = trimSlash(text(table['prefix'], `${file}: prefix`)) || location;
  const what = `${file}: registry ${prefix}`;
  if (prefix === '') throw new InvalidSpecError(`${file}: a [[registry]] has neither location nor prefix`);
  if (location === '' && !prefix.startsWith('*.') && table['blocked'] !== true) {
    throw new InvalidSpecError(`${what} has no location`);
  }
  for (const part of [location, prefix]) {
    if (/^https?:\/\//.test(part)) throw new InvalidSpecError(`${what}: URL schemes are not allowed`);
  }
  return {
    prefix,
    location,
    insecure: table['insecure'] === true,
    blocked: table['blocked'] === true,
    mirrorByDigestOnly: table['mirror-by-digest-only'] === true,
    mirrors: tables(table['mirror'], `${what}: mirror`).map((one) => mirror(one, what)),
  };
}

function mirror(table: Table, what: string): RegistryMirror {
  const location = trimSlash(text(table['location'], `${what}: mirror location`));
  if (location === '') throw new InvalidSpecError(`${what}: a mirror has no location`);
  const mode = table['pull-from-mirror'] ?? 'all';
  if (mode !== 'all' && mode !== 'digest-only' && mode !== 'tag-only') {
    throw new InvalidSpecError(`${what}: invalid pull-from-mirror ${JSON.stringify(mode)}`);
  }
  return { location, insecure: table['insecure'] === true, pullFromMirror: mode };
}

function trimSlash(value: string): string {
  return value.replace(/\/+$/, '');
}

function text(value: unknown, what: string): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new InvalidSpecError(`${what} is not a string`);
  return value;
}

function strings(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw new InvalidSpecError(`${what} is not a list`);
  return value.map((item) => text(item, what));
}

function subTable(value: unknown, what: string): Table {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidSpecError(`${what} is not a table`);
  return value as Table;
}

function tables(value: unknown, what: string): Table[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InvalidSpecError(`${what} is not a list of tables`);
  return value.map((item) => subTable(item, what));
}
