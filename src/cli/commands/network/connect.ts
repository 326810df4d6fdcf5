import { connectNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [network = '', container = ''] = args;
  await connectNetwork(openEngine(), network, container, {
    aliases: (flags['alias'] as string[] | undefined) ?? [],
    ip: flags['ip'] as string | undefined,
    ip6: flags['ip6'] as string | undefined,
    mac: flags['macAddress'] as string | undefined,
    gatewayPriority: flags['gwPriority'] as number | undefined,
    driverOptions: (flags['driverOpt'] as string[] | undefined) ?? [],
    links: (flags['link'] as string[] | undefined) ?? [],
  });
  return 0;
};
