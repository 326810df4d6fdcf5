import { tagImage } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) => {
  const [name = '', ...targets] = args;
  await tagImage(openEngine(), name, targets);
  return 0;
};
