import { untagImage } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) => {
  const [name = '', ...names] = args;
  await untagImage(openEngine(), name, names);
  return 0;
};
