import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** More than directories, and than the empty files that mounts stand on (given from the top directory). */
export function holdsFiles(directory: string, places: ReadonlySet<string> = new Set(), below = ''): boolean {
  return readdirSync(join(directory, below), { withFileTypes: true }).some((entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory() ? holdsFiles(directory, places, path) : !places.has(path);
  });
}
