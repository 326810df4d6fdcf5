import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import type { QuadletFile } from './quadlet-service.ts';
import { parseUnit } from './unit-file.ts';

/** Names of Quadlet files; artifacts are refused. */
export const QUADLET_TYPES = /\.(container|volume|network|image|pod|kube|build|artifact)$/;

export interface QuadletPlaces {
  user: boolean;
  uid: number;
  env: NodeJS.ProcessEnv;
}

/** Where Quadlet files are looked for; of two with one name the first counts. */
export function quadletDirectories({ user, uid, env }: QuadletPlaces): string[] {
  const given = env['QUADLET_UNIT_DIRS'];
  if (given) return given.split(':').filter((path) => path.startsWith('/'));
  if (!user) return ['/run/containers/systemd', '/etc/containers/systemd', '/usr/share/containers/systemd'];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(runtime ? [join(runtime, 'containers/systemd')] : []),
    userQuadletDirectory(env),
    `/etc/containers/systemd/users/${uid}`,
    '/etc/containers/systemd/users',
    `/usr/share/containers/systemd/users/${uid}`,
    '/usr/share/containers/systemd/users',
  ];
}

export function userQuadletDirectory(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config'), 'containers/systemd');
}

export interface ReadQuadlets {
  files: Map<string, QuadletFile>;
  errors: { path: string; error: unknown }[];
}

export function readQuadlets(directories: readonly string[]): ReadQuadlets {
  const read: ReadQuadlets = { files: new Map(), errors: [] };
  const seen = new Set<string>();
  const all = directories.flatMap((directory) => foldersBelow(directory, seen));
  for (const folder of all) {
    for (const { name } of entriesOf(folder)) {
      if (!QUADLET_TYPES.test(name) || read.files.has(name)) continue;
      const path = join(folder, name);
      try {
        read.files.set(name, { name, path, unit: parseUnit(textOf(path, name, all), path) });
      } catch (error) {
        read.errors.push({ path, error });
      }
    }
  }
  return read;
}

/** The file, and after it its drop-ins in the order of their names. */
function textOf(path: string, name: string, folders: readonly string[]): string {
  const dropIns = new Map<string, string>();
  for (const directory of dropInNames(name).flatMap((each) => folders.map((folder) => join(folder, each)))) {
    for (const { name: part } of entriesOf(directory))
      if (part.endsWith('.conf') && !dropIns.has(part)) dropIns.set(part, join(directory, part));
  }
  const paths = [path, ...[...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)];
  // An empty line between two: a backslash at the end of one has nothing to go on with.
  return paths.map(readRegular).join('\n\n');
}

/** Of a pipe or a device there might be no end, and systemd waits for its generators. */
function readRegular(path: string): string {
  if (!statSync(path).isFile()) throw new InvalidSpecError(`${path}: is not a file`);
  return readFileSync(path, 'utf8');
}

/** `a-b.container.d`, `a-.container.d`, `container.d`; an instance has those of its template too. */
function dropInNames(name: string): string[] {
  const dot = name.lastIndexOf('.');
  const stem = name.slice(0, dot);
  const type = name.slice(dot);
  const names = [`${name}.d`];
  const at = stem.indexOf('@');
  if (at >= 0 && at < stem.length - 1) names.push(`${stem.slice(0, at + 1)}${type}.d`);
  for (let dash = stem.lastIndexOf('-'); dash > 0; dash = stem.lastIndexOf('-', dash - 1))
    if (dash < stem.length - 1) names.push(`${stem.slice(0, dash + 1)}${type}.d`);
  return [...names, `${type.slice(1)}.d`];
}

/** The directory and those in it, by links too; the ones of users are none of the system's, those of one user none of another's. */
function foldersBelow(directory: string, seen = new Set<string>()): string[] {
  const top = directoryAt(directory);
  if (top === undefined || seen.has(top)) return [];
  seen.add(top);
  const isForUsers = basename(directory) === 'users';
  const inner = entriesOf(top)
    .map(({ name }) => name)
    .filter((name) => !name.endsWith('.d') && name !== 'users' && !(isForUsers && /^\d+$/.test(name)));
  return [top, ...inner.flatMap((name) => foldersBelow(join(top, name), seen))];
}

/** Its own path, without links; undefined when it is no directory, or not to be reached. */
function directoryAt(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
