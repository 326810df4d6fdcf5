import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findModules } from './conf-modules.ts';
import { errnoOf, InvalidSpecError, messageOf } from './errors.ts';
import { rootlessUid } from './paths.ts';

/** Where the host's files are; tests have others. */
export interface ConfPlaces {
  share: string;
  etc: string;
  /** Undefined for root. */
  rootlessUid: number | undefined;
}

export interface ConfFile {
  path: string;
  /** Another text whenever the file is another. */
  key: string;
}

/** Those that are there, lowest priority first. Throws InvalidSpecError for one that was asked for by name and is not. */
export function presentConfFiles(
  env: Readonly<Record<string, string | undefined>>,
  modules: readonly string[],
  places: ConfPlaces = { share: '/usr/share/containers', etc: '/etc/containers', rootlessUid: rootlessUid() },
): ConfFile[] {
  return confFiles(env, modules, places).flatMap(({ path, by }) => {
    const key = identity(path);
    if (key !== undefined) return [{ path, key }];
    if (by === undefined) return [];
    throw new InvalidSpecError(`${by} names ${path}: there is no such file`);
  });
}

interface Candidate {
  path: string;
  /** The variable that names it. */
  by?: string;
}

/** $CONTAINERS_CONF replaces the usual places, modules and $CONTAINERS_CONF_OVERRIDE come on top of either. */
function confFiles(
  env: Readonly<Record<string, string | undefined>>,
  modules: readonly string[],
  places: ConfPlaces,
): Candidate[] {
  const { CONTAINERS_CONF: only, CONTAINERS_CONF_OVERRIDE: last } = env;
  const files: Candidate[] = only
    ? [{ path: only, by: 'CONTAINERS_CONF' }]
    : usualFiles(env, places).map((path) => ({ path }));
  if (modules.length > 0)
    files.push(...findModules(modules, userDirectory(env)).map((path) => ({ path, by: '--module' })));
  if (last) files.push({ path: last, by: 'CONTAINERS_CONF_OVERRIDE' });
  return files;
}

function usualFiles(
  env: Readonly<Record<string, string | undefined>>,
  { share, etc, rootlessUid: uid }: ConfPlaces,
): string[] {
  const files = [join(share, 'containers.conf'), ...withDropIns(join(etc, 'containers.conf'))];
  if (uid === undefined) return [...files, ...dropIns(join(etc, 'containers.rootful.conf.d'))];
  // What the host's administrator says to all users, then to this one; then the user.
  const rootless = join(etc, 'containers.rootless.conf');
  files.push(...withDropIns(rootless), ...dropIns(join(`${rootless}.d`, String(uid))));
  return [...files, ...withDropIns(join(userDirectory(env), 'containers.conf'))];
}

function withDropIns(file: string): string[] {
  return [file, ...dropIns(`${file}.d`)];
}

function dropIns(directory: string): string[] {
  if (!existsSync(directory)) return [];
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.name.endsWith('.conf') && !entry.isDirectory())
      .map(({ name }) => join(directory, name))
      .sort();
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${directory}: ${messageOf(error)}`, { cause: error });
  }
}

/** Where a user's own are, and the modules beside them. */
export function userDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config'), 'containers');
}

function identity(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? undefined : `${path}:${stat.mtimeNs}:${stat.size}:${stat.ino}`;
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** A hundred times what a full one has: what is larger is something else. */
const LARGEST = 4 << 20;

/** '' for one that has gone meanwhile. */
export function readConfFile(path: string): string {
  try {
    const stat = statSync(path);
    if (stat.isDirectory())
      throw new InvalidSpecError(`cannot read ${path}: it is a directory, and has to be a file`);
    if (stat.size > LARGEST)
      throw new InvalidSpecError(
        `cannot read ${path}: it has ${stat.size} bytes, and a containers.conf ${LARGEST} at most`,
      );
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    if (error instanceof InvalidSpecError) throw error;
    throw new InvalidSpecError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
