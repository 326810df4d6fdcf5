import { networkExists } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) =>
  networkExists(openEngine(), args[0] ?? '') ? 0 : 1;
