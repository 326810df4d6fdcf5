import { runProgram } from '../base/run-program.ts';
import { findHelper, helperEnvironment } from './helper-program.ts';
import type { NetworkDefinition } from './network-definition.ts';

/**
 * The kernel gives a bridge the least hardware address of its ports, so the gateway's changes as containers come and go, and those
 * that know the old one are without gateway and resolver for seconds. One that is set stays. Under the exclusive lock, after netavark.
 */
export async function fixBridgeAddresses(
  networks: readonly NetworkDefinition[],
  enter: readonly string[] = [],
): Promise<void> {
  const commands = networks.flatMap(({ driver, id, network_interface: bridge, options = {} }) =>
    driver === 'bridge' && bridge !== undefined && options['mode'] !== 'unmanaged'
      ? [`link set ${bridge} address ${hardwareAddress(id)}`]
      : [],
  );
  const ip = findHelper('ip', []);
  if (ip === undefined || commands.length === 0) return;
  const [program = ip, ...words] = [...enter, ip, '-force', '-batch', '-'];
  await runProgram(program, words, { input: `${commands.join('\n')}\n`, env: helperEnvironment() });
}

/** The same for every member of the network, from the range for local use. */
function hardwareAddress(networkId: string): string {
  const digits = networkId.replace(/[^0-9a-f]/g, '').padEnd(10, '0');
  return `02:${(digits.slice(0, 10).match(/../g) ?? []).join(':')}`;
}
