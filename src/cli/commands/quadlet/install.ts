import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '../../../base/atomic-file.ts';
import { AlreadyExistsError, InvalidSpecError, UnsupportedError } from '../../../base/errors.ts';
import { parseUnit } from '../../../systemd/unit-file.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { installDirectory, systemctl } from './places.ts';

const QUADLET = /\.(container|volume|network|image)$/;

/** The first path names Quadlet files, the others what belongs to them. Nothing is written unless all of it can be read. */
export const run: CommandHandler = (input) => {
  const directory = installDirectory();
  const sources = input.args.flatMap((path) => filesOf(path));
  const [first] = sources;
  if (first === undefined || !QUADLET.test(first))
    throw new InvalidSpecError(
      `${input.args[0] ?? ''} is no Quadlet file: its name has to end in .container, .volume, .network or .image`,
    );
  const files = sources.map((source) => ({
    target: join(directory, basename(source)),
    text: readFileSync(source, 'utf8'),
  }));
  for (const { target, text } of files) {
    if (existsSync(target) && input.flags['replace'] !== true)
      throw new AlreadyExistsError(`a Quadlet file ${target} exists already`, {
        hint: 'replace it with --replace',
      });
    if (QUADLET.test(target)) parseUnit(text, target);
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  for (const { target, text } of files) {
    writeFileAtomic(target, text, { mode: 0o644 });
    printLine(target);
  }
  if (input.flags['reloadSystemd'] !== false) systemctl('daemon-reload');
  return Promise.resolve(0);
};

function filesOf(path: string): string[] {
  if (/^https?:\/\//.test(path))
    throw new UnsupportedError(`cannot install ${path}: download the file first and give its path`);
  const full = resolve(path);
  if (!statSync(full).isDirectory()) return [full];
  return readdirSync(full, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(full, entry.name))
    .sort((a, b) => Number(QUADLET.test(b)) - Number(QUADLET.test(a)));
}
