import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { LONGEST_NAME } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { defaultNetwork } from './default-network.ts';
import { parseSubnet, type Subnet } from './ip-address.ts';
import {
  DEFAULT_NETWORK_ID,
  DEFAULT_NETWORK_NAME,
  type NetworkDefinition,
  parseNetworkDefinition,
} from './network-definition.ts';

/** Where definitions are: `directory` is podman's own, shared with it; the default network lives in the graph root. */
export interface NetworkPlaces {
  directory: string;
  graphRoot: string;
  /** containers.conf's default_subnet, only when a file sets it. */
  defaultSubnet: string | undefined;
}

/** Names that mean the default network; docker calls its own `bridge`. */
const DEFAULT_NAMES = new Set([DEFAULT_NETWORK_NAME, 'bridge', 'default', DEFAULT_NETWORK_ID]);

/** By name, id or unique start of an id. Throws NotFoundError. */
export function getNetwork(places: NetworkPlaces, nameOrId: string): NetworkDefinition {
  if (DEFAULT_NAMES.has(nameOrId)) return theDefault(places);
  const direct = canBeFile(nameOrId) ? readDefinition(places, `${nameOrId}.json`) : undefined;
  if (direct?.name === nameOrId) return direct;
  const all = listNetworks(places);
  const exact = all.find((network) => network.name === nameOrId || network.id === nameOrId);
  if (exact !== undefined) return exact;
  const matches = /^[0-9a-f]+$/.test(nameOrId)
    ? all.filter((network) => network.id.startsWith(nameOrId))
    : [];
  const [only, second] = matches;
  if (second !== undefined)
    throw new InvalidSpecError(
      `network id ${nameOrId} is ambiguous: it may be ${only?.name} or ${second.name}`,
    );
  if (only === undefined) {
    throw new NotFoundError('network', nameOrId, {
      docker: `network ${nameOrId} not found`,
      hint: `known networks: ${all.map((network) => network.name).join(', ')}`,
    });
  }
  return only;
}

/** What somebody typed need not be the name of anything. */
function canBeFile(name: string): boolean {
  return Buffer.byteLength(name) < LONGEST_NAME - '.json'.length && !name.includes('\0');
}

/** The default network first, then by name. A damaged file is passed over with a warning: it harms only its own network. */
export function listNetworks(places: NetworkPlaces): NetworkDefinition[] {
  return [theDefault(places), ...definedNetworks(places)];
}

function theDefault(places: NetworkPlaces): NetworkDefinition {
  return defaultNetwork({
    graphRoot: places.graphRoot,
    subnet: places.defaultSubnet,
    taken: () => definedNetworks(places).flatMap(subnetsOf),
  });
}

function definedNetworks(places: NetworkPlaces): NetworkDefinition[] {
  const networks: NetworkDefinition[] = [];
  for (const file of definitionFiles(places)) {
    try {
      const network = readDefinition(places, file);
      if (network !== undefined && !DEFAULT_NAMES.has(network.name)) networks.push(network);
    } catch (error) {
      if (!(error instanceof InvalidSpecError)) throw error;
      log('warn', error.message);
    }
  }
  return networks;
}

/** A network that is only a configuration takes none. */
export function subnetsOf({ subnets = [], config_only }: NetworkDefinition): Subnet[] {
  return config_only ? [] : subnets.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
}

function definitionFiles(places: NetworkPlaces): string[] {
  try {
    return readdirSync(places.directory)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined when there is no such file. Throws InvalidSpecError when its content is no network. */
function readDefinition(places: NetworkPlaces, file: string): NetworkDefinition | undefined {
  if (file.includes('/')) return undefined;
  const path = join(places.directory, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = parseNetworkDefinition(text);
  if (typeof parsed === 'string')
    throw new InvalidSpecError(`${path} does not describe a network: ${parsed}`, {
      hint: 'mend the file, or delete it and create the network again',
    });
  return parsed;
}
