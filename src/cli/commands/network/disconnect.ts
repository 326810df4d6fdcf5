import { disconnectNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [network = '', container = ''] = args;
  await disconnectNetwork(openEngine(), network, container, { force: flags['force'] === true });
  return 0;
};
