import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDirectory } from './quadlet-places.ts';

/** Names of files that were installed together, by the name of their list, as podman keeps it: `.web.app`, one name a line. */
export function listApplications(): Map<string, string[]> {
  const directory = installDirectory();
  if (!existsSync(directory)) return new Map();
  const lists = readdirSync(directory).filter((name) => /^\..+\.app$/.test(name));
  return new Map(lists.map((name) => [name, namesIn(join(directory, name))]));
}

/** Nothing but names: a list that points elsewhere is not believed. */
export function namesIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !/\/|^\.\.?$/.test(line));
}

/** The list that a Quadlet file is on. */
export function applicationOf(
  name: string,
  applications: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  return [...applications].find(([, names]) => names.includes(name))?.[0];
}
