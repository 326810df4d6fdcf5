import type { NetworkAttachment, PortMapping } from '../specgen/container-spec.ts';

/** What a container's network needs; same shape for every backend. */
export interface NetworkRequest {
  containerId: string;
  containerName: string;
  hostname: string;
  netnsPath: string;
  attachments: NetworkAttachment[];
  ports: PortMapping[];
  dnsServers: string[];
}

export interface InterfaceStatus {
  /** As netavark reports it: `10.88.0.5/16`. */
  addresses: { ipnet: string; gateway?: string }[];
  mac: string;
  name: string;
}

/** Stored with the container's state and shown by inspect. */
/** The network namespace that the runtime shall use. */
export type NetnsChoice =
  /** The host's: no namespace in config.json. */
  | { kind: 'host' }
  /** One that the runtime makes itself, loopback only; nothing to tear down. */
  | { kind: 'new' }
  | { kind: 'path'; path: string };

export interface AttachedStatus {
  interfaces: InterfaceStatus[];
  dnsServers: string[];
  dnsSearch: string[];
  /** Of the network, which may be gone when the container leaves it. */
  id?: string;
  driver?: string;
}

export interface NetworkStatus {
  /** By network name; `pasta` and `slirp4netns` count as networks here. */
  networks: Record<string, AttachedStatus>;
  /** Where the container reaches the host, when the backend has an address for that. */
  hostAddress?: string;
}
