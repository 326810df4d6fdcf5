import { ConflictError, InvalidSpecError, WrongStateError } from '../base/errors.ts';
import { networkPlaces } from '../network/context.ts';
import { joinNetwork, keepNetns, leaveNetwork } from '../network/membership.ts';
import { reloadNetworks } from '../network/reload.ts';
import { type NetworkDefinition, refuseConfigOnly } from '../network/network-definition.ts';
import { getNetwork } from '../network/network-store.ts';
import type { LinkSpec, NetworkAttachment } from '../specgen/container-spec.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import {
  type ContainerChanges,
  type ContainerRecord,
  getContainer,
  listContainers,
  lookupContainer,
  updateContainer,
} from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { hostnameOf } from './hostname.ts';
import { finishNetworkFiles } from './managed-files.ts';
import { networkContext } from './network-context.ts';
import { settle } from './settle.ts';

/** A running container is on the network when this returns; another one joins it at its next start. */
export async function connectContainer(
  libpod: Libpod,
  nameOrId: string,
  wanted: NetworkAttachment,
  newLinks: readonly LinkSpec[] = [],
): Promise<void> {
  const context = networkContext(libpod, nameOrId);
  refuseOtherModes(libpod, nameOrId);
  const network = getNetwork(networkPlaces(context), wanted.name);
  refuseConfigOnly(network);
  const attachment = { ...wanted, name: network.name };
  await changeNetworks(libpod, nameOrId, async (record, networks, isLive) => {
    if (networks.some(({ name }) => name === network.name))
      throw new ConflictError(
        `container ${record.id} is already connected to network "${network.name}": network is already connected`,
      );
    const links = [
      ...(record.spec.network.links ?? []),
      ...newLinks.map((link) => ({ ...link, network: network.name })),
    ];
    const change = {
      networks: [...networks, attachment],
      action: 'connect',
      network,
      ...(newLinks.length === 0 ? {} : { links }),
    };
    if (!isLive) return change;
    const status = await joinNetwork(networkContext(libpod, record.name), {
      containerId: record.id,
      containerName: record.name,
      hostname: hostnameOf(libpod, record),
      netnsPath: netnsOf(record),
      attachment,
      others: networks,
      ports: record.spec.network.ports,
      dnsServers: record.spec.network.dnsServers,
    });
    const before = record.facts.network;
    const facts = { ...before, networks: { ...before?.networks, ...status.networks } };
    return { ...change, facts };
  });
}

/** By the name of the network, whose definition may be gone. */
export async function disconnectContainer(libpod: Libpod, nameOrId: string, network: string): Promise<void> {
  const context = networkContext(libpod, nameOrId);
  const definition = findDefinition(libpod, network);
  const wanted = definition?.name ?? network;
  await changeNetworks(libpod, nameOrId, async (record, networks, isLive) => {
    const rest = networks.filter(({ name }) => name !== wanted);
    if (rest.length === networks.length)
      throw new NotConnectedError(`container ${record.id} is not connected to network ${wanted}`);
    const links = record.spec.network.links?.filter(({ network }) => network !== wanted);
    const change = {
      networks: rest,
      action: 'disconnect',
      network: definition ?? { name: wanted, id: '', driver: 'bridge' },
      ...(links === undefined ? {} : { links }),
    };
    if (!isLive) return change;
    await leaveNetwork(context, record.id, wanted);
    const left = Object.entries(record.facts.network?.networks ?? {}).filter(([name]) => name !== wanted);
    return { ...change, facts: { ...record.facts.network, networks: Object.fromEntries(left) } };
  });
}

/**
 * As docker leaves the network none: the container has none from then on, and can join others. The namespace of one that runs is the
 * runtime's own; it gets the place that those have which we make.
 */
export async function leaveNone(libpod: Libpod, nameOrId: string, networkId: string): Promise<void> {
  const { id } = lookupContainer(libpod.db, nameOrId);
  const lock = await lockContainer(libpod, id);
  try {
    const record = (await settle(libpod, id)) ?? lookupContainer(libpod.db, id);
    refuseEnding(record);
    const change = {
      networks: [],
      action: 'disconnect',
      network: { name: 'none', id: networkId, driver: 'null' },
    };
    if (!isLive(record) || record.pid === undefined) return await store(libpod, record, change);
    const netnsPath = keepNetns(networkContext(libpod, record.name), record.id, record.pid);
    await store(libpod, record, { ...change, facts: { networks: {} }, netnsPath });
  } finally {
    lock.release();
  }
}

/**
 * Makes what the host has for a running container's networks anew: rules of the firewall, published ports. Throws WrongStateError for one
 * that does not run, InvalidSpecError for one that is not on bridges.
 */
export async function reloadContainerNetworks(libpod: Libpod, id: string): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = (await settle(libpod, id)) ?? lookupContainer(libpod.db, id);
    const { mode } = record.spec.network;
    if (mode.mode !== 'bridge')
      throw new InvalidSpecError(
        `container ${record.name} has network mode ${mode.mode}: only bridge networks can be reloaded`,
      );
    if (!isLive(record))
      throw new WrongStateError(`cannot reload the networks of container ${record.name}: it is not running`);
    const { facts } = record;
    const network = await reloadNetworks(networkContext(libpod, record.name), id, facts.network);
    if (network === undefined) return;
    updateContainer(libpod.db, id, { facts: { ...facts, network } });
    finishNetworkFiles(libpod, record, network);
  } finally {
    lock.release();
  }
}

function isLive({ state }: ContainerRecord): boolean {
  return state === 'running' || state === 'paused' || state === 'initialized';
}

/** The container and the network are there, but not together. */
export class NotConnectedError extends ConflictError {
  override readonly code: string = 'NOT_CONNECTED';
}

/** Every container that is, or will be when it starts, on the network. */
export function containersOn(libpod: Libpod, networkName: string): ContainerRecord[] {
  return listContainers(libpod.db).filter(
    ({ spec: { network } }) =>
      network.mode.mode === 'bridge' && network.mode.networks.some(({ name }) => name === networkName),
  );
}

interface NetworksChange {
  networks: NetworkAttachment[];
  /** Absent: they stay as they are. */
  links?: LinkSpec[];
  /** Of a running container. */
  facts?: ContainerRecord['facts']['network'];
  netnsPath?: string;
  action: string;
  network: Pick<NetworkDefinition, 'name' | 'id' | 'driver'>;
}

async function changeNetworks(
  libpod: Libpod,
  nameOrId: string,
  work: (record: ContainerRecord, networks: NetworkAttachment[], isLive: boolean) => Promise<NetworksChange>,
): Promise<void> {
  const { id } = lookupContainer(libpod.db, nameOrId);
  const lock = await lockContainer(libpod, id);
  try {
    const record = (await settle(libpod, id)) ?? lookupContainer(libpod.db, id);
    const networks = networksOf(record);
    refuseEnding(record);
    await store(libpod, record, await work(record, networks, isLive(record)));
  } finally {
    lock.release();
  }
}

function refuseEnding({ name, state }: ContainerRecord): void {
  if (state === 'stopping' || state === 'removing')
    throw new WrongStateError(`container ${name} is ${state}: its networks cannot be changed now`);
}

/** Whatever the network is called: without a bridge there is none to be joined or left. */
export function refuseOtherModes(libpod: Libpod, nameOrId: string): void {
  networksOf(lookupContainer(libpod.db, nameOrId));
}

function networksOf({ name, spec: { network } }: ContainerRecord): NetworkAttachment[] {
  const { mode } = network;
  if (mode.mode === 'bridge') return mode.networks;
  throw new InvalidSpecError(`"${mode.mode}" is not supported: invalid network mode of container ${name}`, {
    hint: 'networks can be changed where there is a bridge: make the container with --network NETWORK',
  });
}

/** The row with the event, then the files that the container reads. */
async function store(libpod: Libpod, record: ContainerRecord, change: NetworksChange): Promise<void> {
  const { networks, links, facts, netnsPath, action, network } = change;
  const mode = { mode: 'bridge' as const, networks };
  const changed = transaction(
    libpod.db,
    () => {
      const now = getContainer(libpod.db, record.id) ?? record;
      const spec = { ...now.spec, network: { ...now.spec.network, mode, ...(links && { links }) } };
      const changes: ContainerChanges =
        facts === undefined
          ? { spec }
          : { spec, facts: { ...now.facts, network: facts, ...(netnsPath && { netnsPath }) } };
      updateContainer(libpod.db, record.id, changes);
      recordEvent(libpod.db, {
        kind: 'network',
        action,
        objectId: record.id,
        name: record.name,
        attributes: { network: network.name, networkId: network.id, driver: network.driver },
      });
      return { ...now, spec };
    },
    true,
  );
  if (facts !== undefined) finishNetworkFiles(libpod, changed, facts);
  if (changed.spec.network.linked) (await import('./container-links.ts')).tellLinked(libpod, record.id);
}

function netnsOf(record: ContainerRecord): string {
  if (record.facts.netnsPath !== undefined) return record.facts.netnsPath;
  throw new WrongStateError(`container ${record.name} has no network namespace of its own`);
}

function findDefinition(libpod: Libpod, name: string): NetworkDefinition | undefined {
  try {
    return getNetwork(networkPlaces(networkContext(libpod, name)), name);
  } catch {
    return undefined;
  }
}
