import { rmSync } from 'node:fs';
import { InUseError, NotFoundError, UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { allQuadlets, findQuadlet } from './find-quadlet.ts';
import { systemctl } from './places.ts';

export const run: CommandHandler = (input) => {
  const all = input.flags['all'] === true;
  if (all === input.args.length > 0) throw new UsageError('give the names of Quadlet files, or --all');
  const errors: unknown[] = [];
  for (const name of all ? allQuadlets() : input.args) {
    try {
      remove(name, input.flags['force'] === true);
    } catch (error) {
      if (!(error instanceof NotFoundError) || input.flags['ignore'] !== true) errors.push(error);
    }
  }
  if (input.flags['reloadSystemd'] !== false) systemctl('daemon-reload');
  if (errors.length > 0) throw new AggregateError(errors);
  return Promise.resolve(0);
};

function remove(name: string, force: boolean): void {
  const { path, unit } = findQuadlet(name);
  if (unit !== undefined && systemctl('is-active', unit) === 'active') {
    if (!force)
      throw new InUseError(`Quadlet file ${name} is in use: ${unit} is running`, {
        hint: 'remove it with --force',
      });
    systemctl('stop', unit);
  }
  rmSync(path);
  printLine(name);
}
