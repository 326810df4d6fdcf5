import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InvalidSpecError } from './errors.ts';
import { rootlessUid } from './paths.ts';

/** A word of --storage-opt that names read-only stores. */
export const ADDITIONAL_STORE = /^(?:overlay2?\.|vfs\.|\.)?(?:additional)?imagestore=(.+)$/;

/** What storage.conf says and no option of the command line overrides. */
export interface StorageConf {
  /** The file; undefined when there is none. */
  file: string | undefined;
  driver: string | undefined;
  root: string | undefined;
  runroot: string | undefined;
  /** In the words of --storage-opt. */
  options: string[];
}

/** Options of the command line about storage. */
export interface StorageWords {
  root?: string;
  runroot?: string;
  storageDriver?: string;
  storageOpt?: string[];
}

/**
 * The command line's options, completed from $STORAGE_DRIVER, $STORAGE_OPTS and storage.conf. A store that is named by --root
 * remembers itself what it needs.
 */
export function completeStorage<Words extends StorageWords>(
  words: Words,
  env: NodeJS.ProcessEnv = process.env,
): Words {
  const driver = words.storageDriver ?? (env['STORAGE_DRIVER'] || undefined);
  const given = words.storageOpt ?? (env['STORAGE_OPTS'] || undefined)?.split(',');
  const conf = words.root === undefined ? readStorageConf(env) : NOTHING;
  const wanted = driver ?? conf.driver;
  const options = given ?? (conf.options.length > 0 ? conf.options : undefined);
  const runroot = words.runroot ?? conf.runroot;
  return {
    ...words,
    ...(conf.root === undefined ? {} : { root: conf.root }),
    ...(runroot === undefined ? {} : { runroot }),
    ...(wanted === undefined ? {} : { storageDriver: wanted }),
    ...(options === undefined ? {} : { storageOpt: options }),
  };
}

const NOTHING: StorageConf = {
  file: undefined,
  driver: undefined,
  root: undefined,
  runroot: undefined,
  options: [],
};

/**
 * The first file that is there: $CONTAINERS_STORAGE_CONF, the user's own, the machine's. From the machine's a user takes over driver and
 * options, not places of root's. Within the directories that it names tspod has one of its own, `tspod`, as podman's stores may lie
 * there too; podman's usual ones are no wish of anybody's.
 */
export function readStorageConf(env: NodeJS.ProcessEnv = process.env): StorageConf {
  const user = rootlessUid() === undefined ? [] : [join(configHome(env), 'containers/storage.conf')];
  const files = env['CONTAINERS_STORAGE_CONF'] ? [env['CONTAINERS_STORAGE_CONF']] : [...user, MACHINE];
  for (const file of files) {
    const text = readOptional(file);
    if (text !== undefined) return interpret(file, parseStorageConf(text, file), env);
  }
  return NOTHING;
}

const MACHINE = '/etc/containers/storage.conf';
const PODMANS_OWN =
  /^(\/var\/lib\/containers\/storage|\/(var\/)?run\/containers\/storage)$|\/\.local\/share\/containers\/storage$/;
const STORE_FILES = ['state.db', 'tspod/state.db'];
const TRUE_OR_TEXT = ['mount_program', 'mountopt', 'ignore_chown_errors', 'size', 'inodes'];

function interpret(file: string, values: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv): StorageConf {
  const place = (key: string): string | undefined => {
    const path = values.get(key);
    if (!path || PODMANS_OWN.test(path.replace(/\/+$/, ''))) return undefined;
    return join(expand(path, env), 'tspod');
  };
  const isRootless = rootlessUid() !== undefined;
  const mayPlace = !isRootless || file !== MACHINE;
  const options = TRUE_OR_TEXT.flatMap((name) => {
    const value = values.get(`storage.options.overlay.${name}`) ?? values.get(`storage.options.${name}`);
    return value === undefined || value === '' ? [] : [`${name}=${value}`];
  });
  const stores = (values.get('storage.options.additionalimagestores') ?? '')
    .split('\n')
    .map((path) => expand(path, env))
    // podman's own may be named there, too: what is in them is not for us.
    .filter((path) => path !== '' && STORE_FILES.some((name) => existsSync(join(path, name))));
  const driver = values.get('storage.driver') || undefined;
  return {
    file,
    // What is tried first anyway: with another kernel or file system the next best serves.
    driver: driver === 'overlay' || driver === 'overlay2' ? undefined : driver,
    root:
      (isRootless ? place('storage.rootless_storage_path') : undefined) ??
      (mayPlace ? place('storage.graphroot') : undefined),
    runroot: mayPlace ? place('storage.runroot') : undefined,
    options: [...options, ...stores.map((path) => `additionalimagestore=${path}`)],
  };
}

/**
 * The part of TOML that this file is written in: tables, and keys with a text or a truth on one line, or a list of texts, which are then
 * lines of the value. Other values (numbers) are for podman and passed over.
 */
export function parseStorageConf(text: string, file: string): Map<string, string> {
  const values = new Map<string, string>();
  let table = '';
  let list: string | undefined;
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const opened = /^([\w.-]+)\s*=\s*\[/.exec(line);
    if (opened?.[1] !== undefined) list = `${table}${opened[1]}`;
    if (list !== undefined) {
      const texts = [...line.matchAll(/"([^"\\]*)"|'([^']*)'/g)].map((match) => match[1] ?? match[2] ?? '');
      values.set(list, [values.get(list) ?? '', ...texts].filter(Boolean).join('\n'));
      if (/\]\s*(#.*)?$/.test(line)) list = undefined;
      return;
    }
    const header = /^\[([\w.\- ]+)\]\s*(#.*)?$/.exec(line);
    if (header?.[1] !== undefined) {
      table = `${header[1].replaceAll(' ', '')}.`;
      return;
    }
    const entry = /^([\w.-]+)\s*=\s*(?:"([^"\\]*)"|'([^']*)'|(true|false))\s*(#.*)?$/.exec(line);
    if (entry?.[1] !== undefined) values.set(`${table}${entry[1]}`, entry[2] ?? entry[3] ?? entry[4] ?? '');
    else if (!/^[\w."'-]+\s*=|^["'\]\d]/.test(line))
      throw new InvalidSpecError(`${file}, line ${index + 1}: neither a table nor key = value: ${line}`);
  });
  return values;
}

function expand(path: string, env: NodeJS.ProcessEnv): string {
  const words: Record<string, string | undefined> = { UID: String(rootlessUid() ?? 0) };
  return path.replace(/\$(\w+)/g, (_, name: string) => words[name] ?? env[name] ?? '');
}

function configHome(env: NodeJS.ProcessEnv): string {
  return env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config');
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const { HOME: home } = process.env;
    throw new InvalidSpecError(`cannot read ${file}: ${code ?? String(error)}`, {
      cause: error,
      ...(code === 'EACCES' && home !== undefined && file.startsWith(`${home}/`)
        ? { hint: `HOME is ${home}, which may be another user's: sudo sets it right with -H or -i` }
        : {}),
    });
  }
}
