import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { messageOf, TspodError, UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printError } from '../../output/print.ts';
import { ownQuadlets } from '../../../engine/quadlet-places.ts';

/**
 * What systemd runs at boot and at each reload, before anything else: it must not fail because of one file, nor need more than to read
 * files and write into the directory that it is given.
 */
export const run: CommandHandler = (input) => {
  const user = input.flags['user'] === true;
  const { services, errors } = ownQuadlets({ user });
  for (const { path, error } of errors) {
    const text = messageOf(error);
    const hint = error instanceof TspodError ? error.hint : undefined;
    printError(
      `quadlet: ${text.includes(path) ? '' : `${path}: `}${text}${hint === undefined ? '' : ` (${hint})`}`,
    );
  }
  const [directory] = input.args;
  if (input.flags['dryrun'] === true) {
    for (const { name, text } of services) print(`---${name}---\n${text}\n`);
    return Promise.resolve(errors.length > 0 ? 1 : 0);
  }
  if (directory === undefined) throw new UsageError('the directory for units is missing: systemd names it');
  for (const { name, text, links } of services) {
    writeFileSync(join(directory, name), `# made by tspod, do not edit\n\n${text}`, { mode: 0o644 });
    for (const link of links) linkTo(directory, link, name);
  }
  return Promise.resolve(errors.length > 0 ? 1 : 0);
};

function linkTo(directory: string, link: string, name: string): void {
  const path = join(directory, link);
  try {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(directory, name)), path);
  } catch (error) {
    printError(`quadlet: cannot link ${link} to ${name}: ${messageOf(error)}`);
  }
}
