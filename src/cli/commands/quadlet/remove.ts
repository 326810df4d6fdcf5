import { NotFoundError, UsageError } from '../../../base/errors.ts';
import { allQuadlets } from '../../../engine/find-quadlet.ts';
import { removeQuadlets } from '../../../engine/remove-quadlets.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async (input) => {
  const all = input.flags['all'] === true;
  if (all === input.args.length > 0) throw new UsageError('give the names of Quadlet files, or --all');
  const { removed, errors } = await removeQuadlets(all ? allQuadlets() : input.args, {
    force: input.flags['force'] === true,
    reloadSystemd: input.flags['reloadSystemd'] !== false,
  });
  for (const name of removed) printLine(name);
  const ignore = input.flags['ignore'] === true;
  const told = [...errors.values()].filter((error) => !(ignore && error instanceof NotFoundError));
  if (told.length > 0) throw new AggregateError(told);
  return 0;
};
