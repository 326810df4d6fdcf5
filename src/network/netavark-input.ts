import { TspodError } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import type { NetworkAttachment, PortMapping } from '../specgen/container-spec.ts';
import type { InterfaceStatus, NetworkRequest, NetworkStatus } from './backend.ts';
import { DEFAULT_NETWORK_ID, DEFAULT_NETWORK_NAME, type NetworkDefinition } from './network-definition.ts';

/** What netavark reads; the names are its own. */
export interface NetavarkInput {
  container_id: string;
  container_name: string;
  container_hostname: string;
  networks: Record<string, NetavarkAttachment>;
  network_info: Record<string, NetworkDefinition>;
  port_mappings: NetavarkPort[];
  dns_servers?: string[];
}

export interface NetavarkAttachment {
  interface_name: string;
  static_ips: string[];
  static_mac?: string;
  aliases?: string[];
}

export interface NetavarkPort {
  host_ip: string;
  host_port: number;
  container_port: number;
  protocol: string;
  range: number;
}

export interface AttachedNetwork {
  definition: NetworkDefinition;
  attachment: NetworkAttachment;
  addresses: string[];
}

export function composeNetavarkInput(
  request: NetworkRequest,
  attached: readonly AttachedNetwork[],
): NetavarkInput {
  return {
    container_id: request.containerId,
    container_name: request.containerName,
    container_hostname: request.hostname,
    networks: Object.fromEntries(
      attached.map((network, index) => [
        nameForNetavark(network.definition),
        composeAttachment(request, network, index),
      ]),
    ),
    network_info: Object.fromEntries(
      attached.map(({ definition }) => {
        const name = nameForNetavark(definition);
        return [name, { ...definition, name }];
      }),
    ),
    port_mappings: request.ports.map(composePort),
    ...(request.dnsServers.length > 0 ? { dns_servers: request.dnsServers } : {}),
  };
}

/**
 * Netavark names its firewall chains after the network. Podman's default network has the same name as ours and other rules: under
 * one name, the last container of the one would take the rules of the other away. The bridge's name is ours alone.
 */
export function nameForNetavark(definition: NetworkDefinition): string {
  return definition.id === DEFAULT_NETWORK_ID
    ? (definition.network_interface ?? definition.name)
    : definition.name;
}

/** The name that users know, of a definition as netavark got it. */
export function networkNameOf(definition: NetworkDefinition): string {
  return definition.id === DEFAULT_NETWORK_ID ? DEFAULT_NETWORK_NAME : definition.name;
}

function composeAttachment(
  request: NetworkRequest,
  network: AttachedNetwork,
  index: number,
): NetavarkAttachment {
  const { attachment, definition, addresses } = network;
  return {
    interface_name: attachment.interfaceName ?? `eth${index}`,
    static_ips: addresses,
    ...(attachment.staticMac === undefined ? {} : { static_mac: attachment.staticMac }),
    // Docker and podman answer for the short id as well.
    ...(definition.dns_enabled ? { aliases: [...attachment.aliases, shortId(request.containerId)] } : {}),
  };
}

export function composePort(port: PortMapping): NetavarkPort {
  return {
    host_ip: port.hostIp,
    host_port: port.hostPort,
    container_port: port.containerPort,
    protocol: port.protocol,
    range: port.range,
  };
}

interface NetavarkAnswer {
  [network: string]: {
    dns_search_domains?: string[] | null;
    dns_server_ips?: string[] | null;
    interfaces?: Record<
      string,
      { mac_address: string; subnets?: { gateway?: string | null; ipnet: string }[] | null }
    > | null;
  };
}

/** Throws TspodError for anything but netavark's JSON. */
export function parseNetavarkAnswer(
  stdout: string,
  info: Readonly<Record<string, NetworkDefinition>>,
): NetworkStatus {
  let answer: NetavarkAnswer;
  try {
    answer = JSON.parse(stdout) as NetavarkAnswer;
  } catch (cause) {
    throw new TspodError(`netavark answered with something else than JSON: ${stdout.trim() || 'nothing'}`, {
      cause,
    });
  }
  const status: NetworkStatus = { networks: {} };
  for (const [key, network] of Object.entries(answer)) {
    const definition = info[key];
    const name = definition === undefined ? key : networkNameOf(definition);
    status.networks[name] = {
      interfaces: Object.entries(network.interfaces ?? {}).map(
        ([interfaceName, found]): InterfaceStatus => ({
          name: interfaceName,
          mac: found.mac_address,
          addresses: (found.subnets ?? []).map(({ ipnet, gateway }) =>
            gateway ? { ipnet, gateway } : { ipnet },
          ),
        }),
      ),
      dnsServers: network.dns_server_ips ?? [],
      dnsSearch: network.dns_search_domains ?? [],
      ...(definition === undefined ? {} : { id: definition.id, driver: definition.driver }),
    };
  }
  return status;
}

/** The reason in `{"error": "…"}`, else what was said at all. */
export function netavarkComplaint(stdout: string, stderr: string): string {
  for (const line of stdout.split('\n')) {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'error' in value) return String(value.error);
    } catch {
      // Not the line with the error.
    }
  }
  return stderr.trim() || stdout.trim() || 'no reason given';
}
