import { DEFAULT_NETWORK_ID, type NetworkDefinition } from '../network/network-definition.ts';
import { leaseRangeText } from '../network/subnet-requests.ts';
import type { Engine } from './engine.ts';
import { findModeNetwork, modeMembers } from './docker-mode-networks.ts';
import { findNetwork, networkMembers, type NetworkMember } from './networks.ts';

/** docker's document of a network, as `docker network inspect` and its API show it. Throws NotFoundError. */
export function dockerNetwork(engine: Engine, nameOrId: string): Record<string, unknown> {
  const mode = findModeNetwork(nameOrId);
  if (mode !== undefined) return dockerNetworkOf(engine, mode);
  return dockerNetworkOf(engine, findNetwork(engine, nameOrId));
}

/** The document of one from docker's list. */
export function dockerNetworkOf(engine: Engine, network: NetworkDefinition): Record<string, unknown> {
  const isMode = findModeNetwork(network.id) !== undefined;
  return dockerNetworkDocument(
    network,
    isMode ? modeMembers(engine, network) : networkMembers(engine, network.name),
  );
}

export function dockerNetworkDocument(
  network: NetworkDefinition,
  members: readonly NetworkMember[],
): Record<string, unknown> {
  const { subnets = [], ipam_options: { driver: _, ...ipamOptions } = {} } = network;
  return {
    Name: dockerNetworkName(network),
    Id: network.id,
    Created: network.created ?? '',
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: subnets.some(({ subnet }) => !subnet.includes(':')),
    EnableIPv6: network.ipv6_enabled,
    IPAM: {
      Driver: 'default',
      Options: Object.keys(ipamOptions).length === 0 ? null : ipamOptions,
      Config: subnets.map(({ subnet, gateway, lease_range: range, aux_addresses: aux }) => ({
        Subnet: subnet,
        ...(range?.start_ip === undefined ? {} : { IPRange: leaseRangeText(range) }),
        ...(gateway === undefined ? {} : { Gateway: gateway }),
        ...(aux === undefined ? {} : { AuxiliaryAddresses: aux }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable === true,
    Ingress: false,
    ConfigFrom: { Network: network.config_from ?? '' },
    ConfigOnly: network.config_only === true,
    Containers: Object.fromEntries(members.map((member) => [member.id, endpoint(member)])),
    Options: dockerOptions(network),
    Labels: network.labels ?? {},
  };
}

/** docker calls the network that is always there `bridge`. */
export function dockerNetworkName({ id, name }: Pick<NetworkDefinition, 'id' | 'name'>): string {
  return id === DEFAULT_NETWORK_ID ? 'bridge' : name;
}

function endpoint({ name, interfaces }: NetworkMember): Record<string, string> {
  const addresses = interfaces.flatMap((one) => one.addresses.map(({ ipnet }) => ipnet));
  return {
    Name: name,
    EndpointID: '',
    MacAddress: interfaces[0]?.mac ?? '',
    IPv4Address: addresses.find((text) => !text.includes(':')) ?? '',
    IPv6Address: addresses.find((text) => text.includes(':')) ?? '',
  };
}

function dockerOptions({
  id,
  options = {},
  network_interface: bridge,
}: NetworkDefinition): Record<string, string> {
  const { mtu, ...others } = options;
  // docker tells it of its own network and where somebody chose it: compose takes one that it has not asked for as a change.
  const tellsBridge = bridge !== undefined && (id === DEFAULT_NETWORK_ID || !DRAWN.test(bridge));
  return {
    ...others,
    ...(mtu === undefined ? {} : { 'com.docker.network.driver.mtu': mtu }),
    ...(tellsBridge ? { 'com.docker.network.bridge.name': bridge } : {}),
  };
}

const DRAWN = /^podman\d+$/;
