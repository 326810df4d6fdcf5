import { closeSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import type { NetworkAttachment } from '../specgen/container-spec.ts';
import { leaseAddresses } from './address-leases.ts';
import { type AttachmentRecord, type NetworkFiles, networkFiles, writeRecord } from './attachment-record.ts';
import type { NetworkRequest, NetworkStatus } from './backend.ts';
import { fixBridgeAddresses } from './bridge-address.ts';
import { ensureAnchor, isAnchored } from './bridge-anchor.ts';
import { type NetworkContext, networkPlaces } from './context.ts';
import { interfaceNames } from './host-interfaces.ts';
import { lockNetavark, runNetavarkSetup } from './netavark.ts';
import { type AttachedNetwork, composeNetavarkInput, type NetavarkInput } from './netavark-input.ts';
import { DEFAULT_NETWORK_NAME, type NetworkDefinition, refuseConfigOnly } from './network-definition.ts';
import { getNetwork } from './network-store.ts';
import { insidePorts, startWaysIn, takeSlot } from './rootless-ports.ts';
import { openRoom, type RootlessRoom } from './rootless-room.ts';

export type FoundNetwork = Omit<AttachedNetwork, 'addresses'>;

/** Throws NotFoundError. */
export function findNetworks(
  context: NetworkContext,
  attachments: readonly NetworkAttachment[],
): FoundNetwork[] {
  const places = networkPlaces(context);
  return attachments.map((attachment) => {
    const definition = getNetwork(places, attachment.name);
    refuseConfigOnly(definition);
    return { attachment, definition };
  });
}

export const TO_DEFAULT: NetworkAttachment = {
  name: DEFAULT_NETWORK_NAME,
  aliases: [],
  staticIps: [],
  staticMac: undefined,
  interfaceName: undefined,
};

/**
 * Each with the name that its interface gets: the one that was asked for; where that is configured, that of the host's device that the
 * network is; else the first `ethN` that the container has not got. `taken`: those that it has.
 */
export function withInterfaceNames(
  { config }: Pick<NetworkContext, 'config'>,
  found: readonly FoundNetwork[],
  taken: readonly string[] = [],
): FoundNetwork[] {
  const names = new Set([...taken, ...found.flatMap(({ attachment }) => attachment.interfaceName ?? [])]);
  return found.map(({ attachment, definition }) => {
    const { driver, network_interface: device = '' } = definition;
    const isDevice = config.namesOfDevices && driver !== 'bridge' && device !== '' && !names.has(device);
    let name = attachment.interfaceName ?? (isDevice ? device : undefined);
    for (let number = 0; name === undefined; number++) if (!names.has(`eth${number}`)) name = `eth${number}`;
    names.add(name);
    return { definition, attachment: { ...attachment, interfaceName: name } };
  });
}

export function leaseAll(
  context: NetworkContext,
  files: NetworkFiles,
  containerId: string,
  networks: readonly FoundNetwork[],
): AttachedNetwork[] {
  return networks.map(({ attachment, definition }) => ({
    attachment,
    definition,
    addresses: leaseAddresses(files.leases, {
      network: definition,
      containerId,
      wanted: attachment.staticIps,
      isLive: (owner) => context.isLive(owner),
    }),
  }));
}

/** Writes down what is to be undone, then lets netavark do its work under the lock. */
export async function attachToBridges(
  context: NetworkContext,
  request: NetworkRequest,
  attached: readonly AttachedNetwork[],
): Promise<NetworkStatus> {
  const files = networkFiles(context.paths.runRoot);
  const { config } = context;
  const definitions = attached.map(({ definition }) => definition);
  const facts = {
    backend: 'bridge' as const,
    netnsPath: request.netnsPath,
    leases: attached.flatMap(({ definition, addresses }) =>
      addresses.map((address) => ({ network: definition.name, address })),
    ),
  };
  const input = composeNetavarkInput(request, attached);
  if (context.rootless) return attachInRoom({ context, files, request, input, facts, definitions });
  const record = { ...input, tspod: { ...facts, ready: false } };
  writeRecord(files, record);
  crashPoint('network-after-record');
  const inPlace = request.ports.length === 0 && isAnchored(definitions);
  const lockFd = await lockNetavark(files, inPlace ? 'shared' : 'exclusive');
  try {
    const before = inPlace ? undefined : interfaceNames();
    const status = await runNetavarkSetup({ files, config, record, lockFd, room: undefined });
    if (before !== undefined)
      await fixBridgeAddresses(
        definitions.filter(({ network_interface: bridge = '' }) => !before.has(bridge)),
      );
    crashPoint('network-after-setup');
    if (!inPlace && !isAnchored(definitions))
      for (const definition of definitions) await ensureAnchor(definition);
    writeRecord(files, { ...input, tspod: { ...facts, ready: true } });
    const gateway = Object.values(status.networks)[0]?.interfaces[0]?.addresses[0]?.gateway;
    return gateway === undefined ? status : { ...status, hostAddress: gateway };
  } finally {
    closeSync(lockFd);
  }
}

interface RoomAttachment {
  context: NetworkContext;
  files: NetworkFiles;
  request: NetworkRequest;
  input: NetavarkInput;
  facts: Omit<AttachmentRecord['tspod'], 'ready'>;
  definitions: readonly NetworkDefinition[];
}

/** The same for a user without privileges, whose bridges are all in one namespace. */
async function attachInRoom(attachment: RoomAttachment): Promise<NetworkStatus> {
  const { context, files, request, definitions } = attachment;
  const { containerId, ports } = request;
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    const input = { ...attachment.input, port_mappings: insidePorts(files, containerId, ports) };
    const first = { ...input, tspod: { ...attachment.facts, ready: false } };
    writeRecord(files, first);
    crashPoint('network-after-record');
    const slot = ports.length === 0 ? undefined : takeSlot(files, containerId);
    const facts = { ...attachment.facts, ...(slot === undefined ? {} : { slot }) };
    const started = { ...input, tspod: { ...facts, ready: false } };
    const room = await openRoom(context, files, containerId);
    const record = withRoomResolvers(started, room);
    writeRecord(files, record);
    const status = await runNetavarkSetup({ files, config: context.config, record, lockFd, room });
    await fixBridgeAddresses(definitions, room.enter);
    if (slot !== undefined) await startWaysIn(context, { files, room, record }, ports);
    crashPoint('network-after-setup');
    writeRecord(files, { ...record, tspod: { ...facts, ready: true } });
    return statusInRoom(status, room);
  } finally {
    closeSync(lockFd);
  }
}

/** What aardvark-dns asks for names that it does not know. */
export function withRoomResolvers<T extends Partial<NetavarkInput>>(input: T, room: RootlessRoom): T {
  if (room.dnsServers.length === 0 || (input.dns_servers ?? []).length > 0) return input;
  return { ...input, dns_servers: [...room.dnsServers] };
}

/** A gateway in the room is not the host; without aardvark-dns containers ask what the room can reach. */
export function statusInRoom(status: NetworkStatus, room: RootlessRoom): NetworkStatus {
  const networks = Object.entries(status.networks).map(([name, network]) => [
    name,
    network.dnsServers.length > 0 ? network : { ...network, dnsServers: [...room.dnsServers] },
  ]);
  return {
    networks: Object.fromEntries(networks) as NetworkStatus['networks'],
    ...(room.hostAddress === undefined ? {} : { hostAddress: room.hostAddress }),
  };
}
