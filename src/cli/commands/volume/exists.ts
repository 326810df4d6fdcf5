import { volumeExists } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) =>
  volumeExists(openEngine(), args[0] ?? '') ? 0 : 1;
