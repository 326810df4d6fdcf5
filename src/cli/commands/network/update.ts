import { updateNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [name = ''] = args;
  await updateNetwork(openEngine(), name, {
    add: (flags['dnsAdd'] as string[] | undefined) ?? [],
    drop: (flags['dnsDrop'] as string[] | undefined) ?? [],
  });
  printLine(name);
  return 0;
};
