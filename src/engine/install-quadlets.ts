import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { AlreadyExistsError } from '../base/errors.ts';
import { QUADLET_TYPES } from '../systemd/quadlet-files.ts';
import { parseUnit } from '../systemd/unit-file.ts';
import { namesIn } from './quadlet-applications.ts';
import { installDirectory, systemctl } from './quadlet-places.ts';
import type { Sources } from './quadlet-sources.ts';

export interface InstallQuadletsOptions {
  replace: boolean;
  reloadSystemd: boolean;
}

/**
 * Gives the paths of the files, in the order of `files`. Nothing is written unless no Quadlet file has a line that is none, and,
 * without `replace`, none is there yet.
 */
export async function installQuadlets(
  { files, manifest }: Sources,
  options: InstallQuadletsOptions,
): Promise<string[]> {
  const directory = installDirectory();
  for (const { name, data } of files) {
    const target = join(directory, name);
    if (existsSync(target) && !options.replace)
      throw new AlreadyExistsError(`a Quadlet file ${target} exists already`, {
        hint: 'replace it with --replace',
      });
    if (QUADLET_TYPES.test(name)) parseUnit(data.toString('utf8'), name);
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // First, so that what a kill leaves is removed together, too.
  if (manifest !== undefined)
    keepList(
      join(directory, manifest),
      files.map(({ name }) => name),
    );
  const targets = files.map(({ name, data }) => {
    const target = join(directory, name);
    writeFileAtomic(target, data, { mode: 0o644 });
    return target;
  });
  if (options.reloadSystemd) await systemctl('daemon-reload');
  return targets;
}

/** What an earlier version had besides goes on belonging to it. */
function keepList(path: string, names: readonly string[]): void {
  const before = existsSync(path) ? namesIn(path) : [];
  writeFileAtomic(path, `${[...new Set([...before, ...names])].join('\n')}\n`, { mode: 0o644 });
}
