import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { NotFoundError } from './errors.ts';

/**
 * Files for `--module NAME`: a path, or a name below containers.conf.modules of the user, of the host, of the distribution; the first
 * place that has it counts. Throws NotFoundError.
 */
export function findModules(names: readonly string[], userConfig: string): string[] {
  const places = [userConfig, '/etc/containers', '/usr/share/containers'].map((place) =>
    join(place, 'containers.conf.modules'),
  );
  return names.map((name) => {
    const found = (isAbsolute(name) ? [name] : places.map((place) => join(place, name))).find(existsSync);
    if (found !== undefined) return found;
    throw new NotFoundError('file', name, {
      message: `module ${JSON.stringify(name)} of containers.conf not found`,
      hint: isAbsolute(name) ? 'check the path' : `looked for it in ${places.join(', ')}`,
    });
  });
}
