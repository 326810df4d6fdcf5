import type { SubnetPool } from '../base/containers-conf-keys.ts';
import type { Paths } from '../base/paths.ts';
import type { NetnsChoice } from './backend.ts';
import type { NetworkPlaces } from './network-store.ts';

/** What the room needs to know of the rest of the house. */
export interface NetworkContext {
  paths: Pick<Paths, 'runRoot' | 'graphRoot' | 'networks'>;
  rootless: boolean;
  config: NetworkConfig;
  /** False for a container that is gone or has no live process: what it holds may be taken back. */
  isLive: (containerId: string) => boolean;
  /** The namespace of a running container, for `--network container:ID`. Throws when it is not running. */
  netnsOf: (containerId: string) => NetnsChoice;
}

/** The part of containers.conf that matters here. */
export interface NetworkConfig {
  helperBinariesDir: string[];
  firewallDriver: string | undefined;
  pastaOptions: string[];
  dnsBindPort: number;
  netavarkPluginDirs: string[];
  networkConfigDir: string | undefined;
  /** Where a network is a device of the host (macvlan), its interface inside is called as that is. */
  namesOfDevices?: boolean;
  /** Undefined unless a file sets it: the built-in value is podman's own subnet. */
  defaultSubnet: string | undefined;
  /** Undefined: the built-in ones. */
  subnetPools?: readonly SubnetPool[];
}

export function networkPlaces(context: NetworkContext): NetworkPlaces {
  return {
    directory: context.config.networkConfigDir ?? context.paths.networks,
    graphRoot: context.paths.graphRoot,
    defaultSubnet: context.config.defaultSubnet,
  };
}
