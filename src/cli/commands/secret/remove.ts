import { NotFoundError, UsageError } from '../../../base/errors.ts';
import { listSecrets, removeSecret } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const all = flags['all'] === true;
  if (all === args.length > 0) throw new UsageError('name secrets, or use --all');
  const engine = openEngine();
  await forEachObject(all ? listSecrets(engine, []).map(({ id }) => id) : args, async (name) => {
    try {
      printLine((await removeSecret(engine.db, name)).id);
    } catch (error) {
      if (flags['ignore'] !== true || !(error instanceof NotFoundError)) throw error;
    }
  });
  return 0;
};
