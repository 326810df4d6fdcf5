import { unshare } from '../../../engine/unshare.ts';
import type { CommandHandler } from '../../command.ts';

/** Returns only where the network has to be closed behind the command. */
export const run: CommandHandler = async ({ args, flags }, openEngine) =>
  unshare(openEngine(), args, { rootlessNetns: flags['rootlessNetns'] === true });
