import { newId } from '../base/ids.ts';
import { TO_DEFAULT } from './bridge.ts';
import { isAnchored, removeAnchor } from './bridge-anchor.ts';
import { type NetworkContext, networkPlaces } from './context.ts';
import { DEFAULT_NETWORK_NAME } from './network-definition.ts';
import { getNetwork } from './network-store.ts';
import { setupNetwork } from './setup.ts';
import { teardownNetwork } from './teardown.ts';

/**
 * Removes the default bridge and its firewall rules; does nothing when there is none, and leaves it to containers that are still on it.
 * Only netavark knows its rules: it removes them when the last container leaves a bridge without anchor, so one comes to leave.
 */
export async function removeDefaultBridge(context: NetworkContext): Promise<void> {
  const network = getNetwork(networkPlaces(context), DEFAULT_NETWORK_NAME);
  if (context.rootless || !isAnchored([network])) return;
  const containerId = newId();
  const setup = await setupNetwork(context, SPEC, { containerId, containerName: 'reset', hostname: 'reset' });
  try {
    await setup.ready;
    await removeAnchor(network);
  } finally {
    await teardownNetwork(context, containerId);
  }
}

const SPEC = {
  mode: { mode: 'bridge' as const, networks: [TO_DEFAULT] },
  ports: [],
  publishAll: false,
  dnsServers: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
  manageHosts: false,
  manageResolvConf: false,
  manageHostname: false,
};
