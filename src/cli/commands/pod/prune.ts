import { prunePods } from '../../../engine/prune-pods.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { print } from '../../output/print.ts';

const QUESTION = `WARNING! This will remove all stopped/exited pods..
Are you sure you want to continue? [y/N] `;

export const run: CommandHandler = async ({ flags }, openEngine) => {
  if (flags['force'] !== true && !confirm(QUESTION)) return 0;
  const { removed, failures } = await prunePods(openEngine());
  print(removed.map((id) => `${id}\n`).join(''));
  if (failures.length > 0) throw new AggregateError(failures);
  return 0;
};
