import { runProgram } from '../base/run-program.ts';
import { findHelper, helperEnvironment } from './helper-program.ts';
import { interfaceNames } from './host-interfaces.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from './network-definition.ts';

/**
 * The default bridge stays when its last container goes, as docker's does: an idle port of ours keeps netavark from removing it.
 * Making and removing a bridge and its firewall rules takes several times as long as attaching a container to it, and a container
 * without published ports then leaves nothing that the end of its namespace does not remove.
 */
export function isAnchored(networks: readonly NetworkDefinition[]): boolean {
  if (!networks.every(mayAnchor)) return false;
  const present = interfaceNames();
  return networks.every(
    ({ network_interface: bridge = '' }) => present.has(bridge) && present.has(anchorOf(bridge)),
  );
}

/** Under the exclusive lock. Without iproute2 there is no anchor, and each last container removes the bridge. */
export async function ensureAnchor(network: NetworkDefinition): Promise<void> {
  const bridge = network.network_interface;
  if (bridge === undefined || !mayAnchor(network)) return;
  const ip = findHelper('ip', []);
  if (ip === undefined) return;
  const anchor = anchorOf(bridge);
  const commands = [
    `link add ${anchor} type veth peer name ${bridge}-b`,
    `link set ${anchor} master ${bridge} up`,
  ];
  // Forced: the first may exist from before somebody removed the bridge.
  await runProgram(ip, ['-force', '-batch', '-'], {
    input: `${commands.join('\n')}\n`,
    env: helperEnvironment(),
  });
}

/** Lets netavark remove the bridge with the next container that is the last to leave. */
export async function removeAnchor(network: NetworkDefinition): Promise<void> {
  const ip = findHelper('ip', []);
  const bridge = network.network_interface;
  if (ip === undefined || bridge === undefined || !mayAnchor(network)) return;
  await runProgram(ip, ['link', 'delete', anchorOf(bridge)], { env: helperEnvironment() });
}

/** User networks come and go with their containers, as podman's do; aardvark has to be told of everyone who leaves. */
function mayAnchor(network: NetworkDefinition): boolean {
  return network.id === DEFAULT_NETWORK_ID && network.driver === 'bridge' && !network.dns_enabled;
}

function anchorOf(bridge: string): string {
  return `${bridge}-a`;
}
