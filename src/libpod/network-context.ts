import { rootlessUid } from '../base/paths.ts';
import type { NetnsChoice } from '../network/backend.ts';
import type { NetworkContext } from '../network/context.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { pidOf } from './joined-namespaces.ts';
import { hasOwner, observe } from './observe.ts';

/** What the network room asks about containers. */
export function networkContext(libpod: Libpod, forWhom: string): NetworkContext {
  return {
    paths: libpod.paths,
    rootless: rootlessUid() !== undefined,
    config: networkConfig(libpod),
    isLive: (id) => {
      const record = getContainer(libpod.db, id);
      return record !== undefined && holdsNetwork(libpod, record);
    },
    netnsOf: (id) => netnsOf(libpod, id, forWhom),
  };
}

function networkConfig(libpod: Libpod): NetworkContext['config'] {
  const { containers, network, engine } = libpod.config;
  return {
    helperBinariesDir: engine.helperBinariesDir,
    firewallDriver: network.firewallDriver,
    pastaOptions: network.pastaOptions,
    dnsBindPort: network.dnsBindPort,
    netavarkPluginDirs: network.netavarkPluginDirs,
    networkConfigDir: network.networkConfigDir,
    namesOfDevices: containers.interfaceName === 'device',
    subnetPools: network.defaultSubnetPools,
    defaultSubnet: 'network.default_subnet' in libpod.config.origin ? network.defaultSubnet : undefined,
  };
}

function holdsNetwork(libpod: Libpod, record: ContainerRecord): boolean {
  const now = observe(libpod, record);
  return (
    ['running', 'paused', 'stopping', 'initialized'].includes(now.state) ||
    (now.state === 'starting' && hasOwner(now))
  );
}

function netnsOf(libpod: Libpod, id: string, forWhom: string): NetnsChoice {
  return { kind: 'path', path: `/proc/${pidOf(libpod, id, forWhom)}/ns/net` };
}
