import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { NotFoundError } from './errors.ts';

/**
 * Files for `--module NAME`: a path, or a name below containers.conf.modules of the user, of the host, of the distribution; the first
 * place that has it counts. Throws NotFoundError.
 */
export function findModules(names: readonly string[], userConfig: string): string[] {
  const places = placesOf(userConfig);
  return names.map((name) => {
    const found = (isAbsolute(name) ? [name] : places.map((place) => join(place, name))).find(existsSync);
    if (found !== undefined) return found;
    throw new NotFoundError('file', name, {
      message: `module ${JSON.stringify(name)} of containers.conf not found`,
      hint: isAbsolute(name) ? 'check the path' : `looked for it in ${places.join(', ')}`,
    });
  });
}

function placesOf(userConfig: string): string[] {
  return [userConfig, '/etc/containers', '/usr/share/containers'].map((place) =>
    join(place, 'containers.conf.modules'),
  );
}

/** What `--module` takes by name, each with the place that it is taken from. */
export function listModules(userConfig: string): { name: string; place: string }[] {
  const found = new Map<string, string>();
  for (const place of placesOf(userConfig))
    for (const name of filesBelow(place)) if (!found.has(name)) found.set(name, place);
  return [...found].map(([name, place]) => ({ name, place }));
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .sort();
  } catch {
    return [];
  }
}
