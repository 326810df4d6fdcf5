import { UsageError } from '../../../base/errors.ts';
import { createNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValue } from '../../flag.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const request = {
    name: args[0],
    driver: String(flags['driver']),
    subnets: listOf(flags['subnet']),
    gateways: listOf(flags['gateway']),
    ipRanges: listOf(flags['ipRange']),
    internal: flags['internal'] === true,
    attachable: flags['attachable'] === true,
    ipv6: flags['ipv6'] === true,
    disableDns: flags['disableDns'] === true,
    dnsServers: listOf(flags['dns']),
    labels: pairs(flags['label'], ''),
    options: pairs(flags['opt'], undefined),
    routes: listOf(flags['route']),
    interfaceName: flags['interfaceName'] as string | undefined,
    ipamDriver: flags['ipamDriver'] as string | undefined,
    ipamOptions: pairs(flags['ipamOpt'], undefined),
    auxAddresses: pairs(flags['auxAddress'], undefined),
    ipv4: flags['ipv4'] !== false,
    configOnly: flags['configOnly'] === true,
    configFrom: flags['configFrom'] as string | undefined,
  };
  const ignoreExisting = flags['ignore'] === true;
  const network = await createNetwork(openEngine(), request, { ignoreExisting });
  printLine(asDocker ? network.id : network.name);
  return 0;
};

/** `missing`: what a key without a value means; undefined refuses it. */
function pairs(value: FlagValue, missing: string | undefined): Record<string, string> {
  return Object.fromEntries(
    listOf(value).map((text) => {
      const equals = text.indexOf('=');
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
      if (equals === 0 || missing === undefined)
        throw new UsageError(`invalid option "${text}": must be key=value`);
      return [text, missing];
    }),
  );
}

function listOf(value: FlagValue): string[] {
  return Array.isArray(value) ? value : [];
}
