import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, InvalidSpecError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { parseRoutes, routedSubnets, routingTable } from './host-routes.ts';
import { formatIp, overlaps, parseSubnet, type Subnet } from './ip-address.ts';
import {
  DEFAULT_NETWORK_ID,
  DEFAULT_NETWORK_NAME,
  type NetworkDefinition,
  parseNetworkDefinition,
} from './network-definition.ts';

export interface DefaultNetworkOptions {
  graphRoot: string;
  /** From containers.conf, only when a file sets it. */
  subnet: string | undefined;
  /** Subnets of defined networks, which may have no route now. */
  taken: () => Subnet[];
}

const USUAL_GRAPH_ROOT = '/var/lib/tspod';

/**
 * The network that is always there. Podman may run on the same host with address books of its own, so this one has another
 * bridge and another subnet: one that nothing on this host uses at the first look, written down and kept from then on.
 */
export function defaultNetwork(options: DefaultNetworkOptions): NetworkDefinition {
  const path = join(options.graphRoot, 'default-network.json');
  const known = readKnown(path);
  if (known !== undefined && (options.subnet === undefined || sameSubnet(known, options.subnet)))
    return known;
  const subnet =
    options.subnet === undefined
      ? (bridgedSubnet(options) ?? pickSubnet(options))
      : parseSubnet(options.subnet);
  if (subnet === undefined || subnet.family !== 4)
    throw new InvalidSpecError(`default_subnet ${options.subnet} in containers.conf is not an IPv4 subnet`);
  const definition = definitionFor(options.graphRoot, subnet);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (known === undefined) return publish(path, definition);
  writeFileAtomic(path, text(definition));
  return definition;
}

function readKnown(path: string): NetworkDefinition | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = parseNetworkDefinition(content);
  if (typeof parsed !== 'string') return parsed;
  // Nothing of a user's is in it: it is made anew, with the subnet of the bridge if that is there.
  log('warn', `${path} does not describe a network (${parsed}): it is written anew`);
  rmSync(path, { force: true });
  return undefined;
}

/** The first writer wins: all processes go on with the same choice. */
function publish(path: string, definition: NetworkDefinition): NetworkDefinition {
  const draft = `${path}.draft-${process.pid}`;
  writeFileAtomic(draft, text(definition), { mode: 0o644 });
  try {
    linkSync(draft, path);
    return definition;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return readKnown(path) ?? definition;
  } finally {
    unlinkSync(draft);
  }
}

function definitionFor(graphRoot: string, subnet: Subnet): NetworkDefinition {
  return {
    name: DEFAULT_NETWORK_NAME,
    id: DEFAULT_NETWORK_ID,
    driver: 'bridge',
    network_interface: bridgeName(graphRoot),
    created: new Date().toISOString(),
    subnets: [
      {
        subnet: `${formatIp({ family: 4, value: subnet.first })}/${subnet.prefix}`,
        gateway: formatIp({ family: 4, value: subnet.first + 1n }),
      },
    ],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: 'host-local' },
  };
}

/** Every graph root has a bridge of its own: their address books know nothing of each other. */
function bridgeName(graphRoot: string): string {
  return graphRoot === USUAL_GRAPH_ROOT ? 'tspod0' : `tspod-${fingerprint(graphRoot).slice(0, 6)}`;
}

/** Below podman's 10.88.0.0/16 and outside its pools for further networks (10.89.0.0 and up) and docker's (172.17.0.0 and up). */
function pickSubnet(options: DefaultNetworkOptions): Subnet {
  const taken = [...routedSubnets(), ...options.taken()];
  const candidates = Array.from({ length: 40 }, (_, index) => `10.${87 - index}.0.0/16`);
  const own =
    options.graphRoot === USUAL_GRAPH_ROOT
      ? 0
      : Number.parseInt(fingerprint(options.graphRoot).slice(0, 4), 16);
  const start = own === 0 ? 0 : 1 + (own % (candidates.length - 1));
  const rotated = [...candidates.slice(start), ...candidates.slice(0, start)];
  for (let third = 200; third < 255; third++) rotated.push(`192.168.${third}.0/24`);
  for (const candidate of rotated) {
    const subnet = parseSubnet(candidate);
    if (subnet !== undefined && !taken.some((other) => overlaps(subnet, other))) return subnet;
  }
  throw new InvalidSpecError('no private IPv4 subnet is free on this host for the default network', {
    hint: 'name one with default_subnet in the [network] section of containers.conf',
  });
}

/** The bridge outlives a graph root that was deleted by hand: its addresses and firewall rules stay in force. */
function bridgedSubnet(options: DefaultNetworkOptions): Subnet | undefined {
  const bridge = bridgeName(options.graphRoot);
  const lines = routingTable().split('\n');
  return parseRoutes([lines[0], ...lines.filter((line) => line.split('\t')[0] === bridge)].join('\n'))[0];
}

function sameSubnet(known: NetworkDefinition, wanted: string): boolean {
  const a = parseSubnet(known.subnets?.[0]?.subnet ?? '');
  const b = parseSubnet(wanted);
  return a !== undefined && b !== undefined && a.first === b.first && a.prefix === b.prefix;
}

function fingerprint(graphRoot: string): string {
  return createHash('sha256').update(graphRoot).digest('hex');
}

function text(definition: NetworkDefinition): string {
  return `${JSON.stringify(definition, null, 2)}\n`;
}
