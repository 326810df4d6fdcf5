import { unshare } from '../../../engine/unshare.ts';
import type { CommandHandler } from '../../command.ts';

/** Does not return: this process becomes the command. */
export const run: CommandHandler = async ({ args, flags }, openEngine) =>
  unshare(openEngine(), args, { rootlessNetns: flags['rootlessNetns'] === true });
