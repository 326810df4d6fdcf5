import { imageExists } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) =>
  (await imageExists(openEngine(), args[0] ?? '')) ? 0 : 1;
