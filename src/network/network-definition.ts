import { InvalidSpecError, messageOf } from '../base/errors.ts';

/** One network as podman writes it to `NAME.json` and as netavark reads it; the snake case is theirs. */
export interface NetworkDefinition {
  name: string;
  id: string;
  driver: string;
  network_interface?: string;
  created?: string;
  subnets?: NetworkSubnet[];
  routes?: { destination: string; gateway: string; metric?: number }[];
  ipv6_enabled: boolean;
  internal: boolean;
  /** Docker's word, kept for its inspect: without a swarm every container may join. */
  attachable?: true;
  /** docker's: it is nothing but a configuration for others. */
  config_only?: true;
  /** Name of the one that it was made of. */
  config_from?: string;
  dns_enabled: boolean;
  network_dns_servers?: string[];
  labels?: Record<string, string>;
  options?: Record<string, string>;
  ipam_options?: Record<string, string>;
}

export interface NetworkSubnet {
  subnet: string;
  gateway?: string;
  lease_range?: { start_ip?: string; end_ip?: string };
  /** docker's: by name, addresses that something else has. */
  aux_addresses?: Record<string, string>;
}

/** Of the network that is always there; podman gives it this id too, so scripts may know it. */
export const DEFAULT_NETWORK_NAME = 'podman';
export const DEFAULT_NETWORK_ID = '2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9';

/** Throws InvalidSpecError for one that no container can be on. */
export function refuseConfigOnly({ name, config_only }: NetworkDefinition): void {
  if (config_only)
    throw new InvalidSpecError(`network ${name} is only a configuration: no container can be on it`, {
      hint: `make a network of it: network create --config-from ${name} NAME`,
    });
}

/** Checks what a file claims to be; the reason when it is none. */
export function parseNetworkDefinition(text: string): NetworkDefinition | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return messageOf(error);
  }
  if (!isRecord(value)) return 'not an object';
  for (const key of ['name', 'id', 'driver']) {
    if (typeof value[key] !== 'string' || value[key] === '') return `"${key}" is not a text`;
  }
  for (const key of ['ipv6_enabled', 'internal', 'dns_enabled']) {
    if (typeof value[key] !== 'boolean') return `"${key}" is not true or false`;
  }
  const subnets = value['subnets'];
  if (subnets !== undefined && !(Array.isArray(subnets) && subnets.every(isSubnet)))
    return '"subnets" is not a list of subnets';
  return value as unknown as NetworkDefinition;
}

function isSubnet(value: unknown): boolean {
  return isRecord(value) && typeof value['subnet'] === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
