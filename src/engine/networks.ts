import { InUseError, NotFoundError } from '../base/errors.ts';
import { listContainers } from '../libpod/container.ts';
import { networkContext } from '../libpod/network-context.ts';
import {
  connectContainer,
  containersOn,
  disconnectContainer,
  NotConnectedError,
  refuseOtherModes,
  reloadContainerNetworks,
} from '../libpod/network-membership.ts';
import { observe } from '../libpod/observe.ts';
import { removeContainer } from '../libpod/remove.ts';
import type { InterfaceStatus } from '../network/backend.ts';
import { hasBridgePorts } from '../network/bridge-ports.ts';
import type { NewNetwork } from '../network/compose-network.ts';
import { networkPlaces } from '../network/context.ts';
import { defineNetwork, undefineNetwork } from '../network/define-network.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from '../network/network-definition.ts';
import { getNetwork, listNetworks as listAll, type NetworkPlaces } from '../network/network-store.ts';
import type { ResolverChange } from '../network/update-network.ts';
import { attachmentFrom } from '../specgen/network.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import type { Engine } from './engine.ts';
import { networkPredicate } from './network-filters.ts';

export type { NewNetwork } from '../network/compose-network.ts';
export type { NetworkDefinition } from '../network/network-definition.ts';

/** Use cases on networks. They take the engine first and return data. */

export interface ListNetworksOptions {
  /** The name that filters and order go by. */
  named?: (network: NetworkDefinition) => string;
  /** Beside those that are defined. */
  also?: readonly NetworkDefinition[];
}

/** By name. */
export function listNetworks(
  engine: Engine,
  filters: readonly string[],
  { named = ({ name }) => name, also = [] }: ListNetworksOptions = {},
): NetworkDefinition[] {
  const defined = listAll(places(engine));
  const matches = networkPredicate(filters, () => idsInUse(engine, defined, also));
  return [...defined, ...also]
    .map((network) => ({ network, name: named(network) }))
    .filter(({ network, name }) => matches({ ...network, name }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ network }) => network);
}

/** By name, id or unique start of an id. Throws NotFoundError. */
export function findNetwork(engine: Engine, name: string): NetworkDefinition {
  return getNetwork(places(engine), name);
}

/** podman's document of `network inspect`: the definition as it is, and who is on the network now. Throws NotFoundError. */
export async function inspectNetwork(engine: Engine, name: string): Promise<Record<string, unknown>> {
  const network = getNetwork(places(engine), name);
  const members = networkMembers(engine, network.name).map(({ id, name, interfaces }) => [
    id,
    {
      name,
      interfaces: Object.fromEntries(
        interfaces.map((one) => [one.name, { subnets: one.addresses, mac_address: one.mac }]),
      ),
    },
  ]);
  return { ...network, containers: Object.fromEntries(members) };
}

export interface NetworkMember {
  id: string;
  name: string;
  interfaces: InterfaceStatus[];
}

/** The running containers on a network, with their addresses there. */
export function networkMembers(engine: Engine, networkName: string): NetworkMember[] {
  return containersOn(engine, networkName).flatMap((record) => {
    const now = observe(engine, record);
    const attached = now.facts.network?.networks[networkName];
    if (!LIVE.has(now.state) || attached === undefined) return [];
    return [{ id: record.id, name: record.name, interfaces: attached.interfaces }];
  });
}

const LIVE = new Set(['running', 'paused', 'stopping', 'initialized']);

/** The definition as it is kept; podman reads the same file. Throws AlreadyExistsError, unless that is fine. */
export async function createNetwork(
  engine: Engine,
  request: NewNetwork,
  options: { ignoreExisting?: boolean } = {},
): Promise<NetworkDefinition> {
  return defineNetwork(networkContext(engine, 'network'), request, {
    ...options,
    onCreated: (network) => recordNetworkEvent(engine, 'create', network),
  });
}

/** Changes the resolvers that names outside of the network are asked from. Throws NotFoundError. */
export async function updateNetwork(
  engine: Engine,
  nameOrId: string,
  change: ResolverChange,
): Promise<NetworkDefinition> {
  const { updateNetwork: update } = await import('../network/update-network.ts');
  const network = await update(networkContext(engine, nameOrId), nameOrId, change);
  recordNetworkEvent(engine, 'update', network);
  return network;
}

export interface RemoveNetworkOptions {
  /** Containers on it are removed, running ones too; a network that is not there is fine. */
  force?: boolean;
  /** With `force`: containers stay, and a network that has some is in use. */
  keepContainers?: boolean;
  /** Seconds for these containers to stop. */
  timeout?: number | undefined;
}

/** Returns its name; undefined: with `force`, there was none. Throws NotFoundError, and InUseError naming the containers. */
export async function removeNetwork(
  engine: Engine,
  nameOrId: string,
  options: RemoveNetworkOptions = {},
): Promise<string | undefined> {
  const { force = false, keepContainers = false, timeout } = options;
  let network: NetworkDefinition;
  try {
    network = findNetwork(engine, nameOrId);
  } catch (error) {
    if (force && error instanceof NotFoundError) return undefined;
    throw error;
  }
  if (force && !keepContainers && network.id !== DEFAULT_NETWORK_ID)
    for (const { id } of containersOn(engine, network.name))
      await removeContainer(engine, id, {
        force: true,
        dependents: true,
        ...(timeout === undefined ? {} : { stopTimeout: timeout }),
      });
  await undefine(engine, network.name);
  return network.name;
}

export interface ConnectOptions {
  aliases?: readonly string[];
  ip?: string | undefined;
  ip6?: string | undefined;
  mac?: string | undefined;
  interfaceName?: string | undefined;
  gatewayPriority?: number | undefined;
  /** `NAME=VALUE`, docker's names. */
  driverOptions?: readonly string[];
  /** `CONTAINER[:ALIAS]`: names that the container knows others of the network by. */
  links?: readonly string[];
}

/** A running container is on the network when this resolves; a stopped one joins it when it starts. */
export async function connectNetwork(
  engine: Engine,
  network: string,
  container: string,
  options: ConnectOptions = {},
): Promise<void> {
  if (engine.options.asDocker === true)
    (await import('./docker-connect.ts')).refuseDockerConnect(engine, network, container);
  const links = options.links?.length
    ? (await import('./container-links.ts')).linksOn(engine, network, options.links)
    : [];
  await connectContainer(engine, container, attachmentFrom(network, options), links);
}

/** `force`: neither a container nor a network that is gone is an error. */
export async function disconnectNetwork(
  engine: Engine,
  network: string,
  container: string,
  options: { force?: boolean } = {},
): Promise<void> {
  try {
    if (engine.options.asDocker === true) {
      const { disconnectAsDocker } = await import('./docker-connect.ts');
      if (await disconnectAsDocker(engine, network, container)) return;
    }
    refuseOtherModes(engine, container);
    if (!options.force) findNetwork(engine, network);
    await disconnectContainer(engine, container, network);
  } catch (error) {
    if (options.force && (error instanceof NotFoundError || error instanceof NotConnectedError)) return;
    throw error;
  }
}

/** See reloadContainerNetworks. */
export async function reloadNetwork(engine: Engine, containerId: string): Promise<void> {
  await reloadContainerNetworks(engine, containerId);
}

export interface PruneNetworksReport {
  removed: string[];
  failures: unknown[];
}

/** Removes the networks that no container uses, the default one aside; nor one that runs in another root, or with podman. */
export async function pruneNetworks(
  engine: Engine,
  filters: readonly string[] = [],
): Promise<PruneNetworksReport> {
  const report: PruneNetworksReport = { removed: [], failures: [] };
  const { defaultNetwork } = engine.config.network;
  for (const network of listNetworks(engine, [...filters, 'dangling=true'])) {
    const { id, name, config_only } = network;
    if (id === DEFAULT_NETWORK_ID || name === defaultNetwork || config_only) continue;
    if (await hasBridgePorts(network)) continue;
    try {
      await undefine(engine, name);
      report.removed.push(name);
    } catch (error) {
      // Somebody uses it since, or has removed it: neither is prune's business.
      if (!(error instanceof InUseError || error instanceof NotFoundError)) report.failures.push(error);
    }
  }
  return report;
}

async function undefine(engine: Engine, name: string): Promise<void> {
  const network = await undefineNetwork(networkContext(engine, name), name, ({ name }) => {
    const users = containersOn(engine, name);
    if (users.length > 0)
      throw new InUseError(
        `"${name}" has associated containers with it (${users.map((user) => user.name).join(', ')}). Use -f to forcibly delete containers and pods: network is being used`,
        {
          docker: `error while removing network: network ${name} has active endpoints (${users.map((user) => `name:"${user.name}" id:"${user.id.slice(0, 12)}"`).join(', ')})`,
        },
      );
  });
  recordNetworkEvent(engine, 'remove', network);
}

function recordNetworkEvent(engine: Engine, action: string, { id, name, driver }: NetworkDefinition): void {
  const event = { kind: 'network' as const, action, objectId: id, name, attributes: { driver } };
  transaction(engine.db, () => recordEvent(engine.db, event), false);
}

export function networkExists(engine: Engine, name: string): boolean {
  try {
    getNetwork(places(engine), name);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Those that nobody can remove count as used, whoever is on them. */
function idsInUse(
  engine: Engine,
  defined: readonly NetworkDefinition[],
  lasting: readonly NetworkDefinition[],
): Set<string> {
  const names = new Set<string>();
  for (const { spec } of listContainers(engine.db)) {
    const { mode } = spec.network;
    if (mode.mode === 'bridge') for (const { name } of mode.networks) names.add(name);
  }
  const used = defined.filter(({ name }) => names.has(name)).concat(lasting);
  return new Set([DEFAULT_NETWORK_ID, ...used.map(({ id }) => id)]);
}

function places(engine: Engine): NetworkPlaces {
  return networkPlaces(networkContext(engine, 'network'));
}
