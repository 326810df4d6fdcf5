import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../base/atomic-file.ts';
import { AlreadyExistsError } from '../../../base/errors.ts';
import { QUADLET_TYPES } from '../../../systemd/quadlet-files.ts';
import { parseUnit } from '../../../systemd/unit-file.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { namesIn } from './applications.ts';
import { installDirectory, systemctl } from './places.ts';
import { readSources } from './read-sources.ts';

/** Nothing is written unless all of it can be read, and no Quadlet file has a line that is none. */
export const run: CommandHandler = async (input) => {
  const directory = installDirectory();
  const { files, manifest } = await readSources(input.args);
  for (const { name, data } of files) {
    const target = join(directory, name);
    if (existsSync(target) && input.flags['replace'] !== true)
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
  for (const { name, data } of files) {
    const target = join(directory, name);
    writeFileAtomic(target, data, { mode: 0o644 });
    printLine(target);
  }
  if (input.flags['reloadSystemd'] !== false) systemctl('daemon-reload');
  return 0;
};

/** What an earlier version had besides goes on belonging to it. */
function keepList(path: string, names: readonly string[]): void {
  const before = existsSync(path) ? namesIn(path) : [];
  writeFileAtomic(path, `${[...new Set([...before, ...names])].join('\n')}\n`, { mode: 0o644 });
}
