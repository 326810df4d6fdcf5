import { bootContainers, stopForShutdown } from '../../../engine/boot.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const { done, errors } = await (input.flags['stop'] === true
    ? stopForShutdown(engine)
    : bootContainers(engine));
  for (const name of done) printLine(name);
  if (errors.length > 0) throw new AggregateError(errors);
  return 0;
};
