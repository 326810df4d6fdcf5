import { NotFoundError } from '../../../base/errors.ts';
import { getPodByName } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) => {
  try {
    await getPodByName(openEngine(), args[0] ?? '');
    return 0;
  } catch (error) {
    if (error instanceof NotFoundError) return 1;
    throw error;
  }
};
