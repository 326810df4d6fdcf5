import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { log } from '../base/log.ts';
import { shortId } from '../base/ids.ts';
import { syscalls } from '../native/linux.ts';
import type { NetworkAttachment, PortMapping } from '../specgen/container-spec.ts';
import { releaseAddress } from './address-leases.ts';
import {
  type AttachmentRecord,
  type NetworkFiles,
  networkFiles,
  readRecord,
  writeRecord,
} from './attachment-record.ts';
import type { NetworkStatus } from './backend.ts';
import { fixBridgeAddresses } from './bridge-address.ts';
import {
  type FoundNetwork,
  findNetworks,
  leaseAll,
  statusInRoom,
  withInterfaceNames,
  withRoomResolvers,
} from './bridge.ts';
import type { NetworkContext } from './context.ts';
import { lockNetavark, runNetavarkConnect, runNetavarkDisconnect } from './netavark.ts';
import {
  composeNetavarkInput,
  type NetavarkInput,
  nameForNetavark,
  networkNameOf,
} from './netavark-input.ts';
import { removeNetns } from './teardown.ts';
import { routeAnswers } from './rootless-ports.ts';
import { existingRoom, openRoom, type RootlessRoom } from './rootless-room.ts';

export interface JoinRequest {
  containerId: string;
  containerName: string;
  hostname: string;
  netnsPath: string;
  attachment: NetworkAttachment;
  /** Those that it is on already. */
  others: readonly NetworkAttachment[];
  ports: PortMapping[];
  dnsServers: string[];
}

/**
 * Joins a running container to one more network. Its record names the network before the first change to the host, so that the end
 * of the container undoes it whatever happens here; on failure nothing of it stays. The caller holds the container's lock.
 */
export async function joinNetwork(context: NetworkContext, request: JoinRequest): Promise<NetworkStatus> {
  const files = networkFiles(context.paths.runRoot);
  const { containerId, attachment } = request;
  const found = findNetworks(context, [attachment]);
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    const before = readRecord(files, containerId) ?? emptyRecord(request);
    // A connect that was killed after the record had been written.
    const rest = await leaveUnderLock({ context, files, lockFd, record: before }, keyOf(found));
    const taken = Object.values(rest.networks ?? {}).map((each) => each.interface_name);
    const plain = withInterfaceNames(context, found, taken);
    const named = attachment.gatewayPriority
      ? (await import('./gateway-priority.ts')).withPriorities(plain, ranksOf(request.others, rest))
      : plain;
    const attached = leaseAll(context, files, containerId, named);
    const room = context.rootless ? await openRoom(context, files, containerId) : undefined;
    const part = inPlace(
      composeNetavarkInput({ ...request, attachments: named.map((each) => each.attachment) }, attached),
      rest,
      room,
    );
    const leases = attached.flatMap(({ definition, addresses }) =>
      addresses.map((address) => ({ network: definition.name, address })),
    );
    const record: AttachmentRecord = {
      ...part,
      ...rest,
      networks: { ...rest.networks, ...part.networks },
      network_info: { ...rest.network_info, ...part.network_info },
      tspod: { ...rest.tspod, leases: [...rest.tspod.leases, ...leases] },
    };
    writeRecord(files, { ...record, tspod: { ...record.tspod, ready: false } });
    crashPoint('connect-after-record');
    try {
      const own = { ...part, tspod: record.tspod };
      const run = { files, config: context.config, record: own, lockFd, room };
      const status = await runNetavarkConnect(run);
      await fixBridgeAddresses(
        found.map(({ definition }) => definition),
        room?.enter,
      );
      if (room !== undefined) await routeAnswers(room, record);
      crashPoint('connect-after-setup');
      writeRecord(files, record);
      return room === undefined ? status : statusInRoom(status, room);
    } catch (error) {
      await leaveUnderLock({ context, files, lockFd, record }, keyOf(found), 'debug');
      throw error;
    }
  } finally {
    closeSync(lockFd);
  }
}

/** Binds the namespace of a running container to the place of those that are made here; teardownNetwork removes it. Idempotent. */
export function keepNetns({ paths }: NetworkContext, containerId: string, pid: number): string {
  const { namespaces } = networkFiles(paths.runRoot);
  const path = join(namespaces, containerId);
  mkdirSync(namespaces, { recursive: true, mode: 0o711 });
  removeNetns(path);
  syscalls().bindNamespace(pid, 'net', path);
  return path;
}

/** Takes a running container from a network; one that it is not on is fine. The caller holds the container's lock. */
export async function leaveNetwork(
  context: NetworkContext,
  containerId: string,
  networkName: string,
): Promise<void> {
  const files = networkFiles(context.paths.runRoot);
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    const record = readRecord(files, containerId);
    if (record === undefined) return;
    const key = Object.entries(record.network_info ?? {}).find(
      ([key, { name }]) => name === networkName || key === networkName,
    )?.[0];
    const [network] = findNetworksQuietly(context, networkName);
    const wanted = network === undefined ? key : nameForNetavark(network.definition);
    if (wanted !== undefined) await leaveUnderLock({ context, files, lockFd, record }, wanted, 'warn');
  } finally {
    closeSync(lockFd);
  }
}

interface Leaving {
  context: NetworkContext;
  files: NetworkFiles;
  lockFd: number;
  record: AttachmentRecord;
}

/** Returns the record without that network, as it is on disk then. */
async function leaveUnderLock(
  leaving: Leaving,
  key: string,
  level: 'debug' | 'warn' = 'debug',
): Promise<AttachmentRecord> {
  const { context, files, lockFd, record } = leaving;
  const own = record.network_info?.[key];
  const attachment = record.networks?.[key];
  if (own === undefined || attachment === undefined) return record;
  const part = { ...record, networks: { [key]: attachment }, network_info: { [key]: own } };
  const room = existingRoom(context, files);
  const run = { files, config: context.config, record: part, lockFd, room };
  const complaint = await runNetavarkDisconnect(run);
  if (complaint !== undefined)
    log(
      level,
      `take container ${shortId(record.container_id)} from network ${own.name}: netavark: ${complaint}`,
    );
  crashPoint('disconnect-after-teardown');
  const isOwn = (address: string): boolean => attachment.static_ips.includes(address);
  for (const { network, address } of record.tspod.leases)
    if (isOwn(address)) releaseAddress(files.leases, network, address, record.container_id);
  const rest: AttachmentRecord = {
    ...record,
    networks: without(record.networks, key),
    network_info: without(record.network_info, key),
    tspod: { ...record.tspod, leases: record.tspod.leases.filter(({ address }) => !isOwn(address)) },
  };
  writeRecord(files, rest);
  return rest;
}

/** By the metrics that they were set up with. */
function ranksOf(others: readonly NetworkAttachment[], { network_info: info }: AttachmentRecord) {
  return others.map(({ name, gatewayPriority: priority = 0 }) => {
    const definition = Object.values(info ?? {}).find((each) => networkNameOf(each) === name);
    return { priority, metric: Number(definition?.options?.['metric'] ?? DEFAULT_METRIC) };
  });
}

/** netavark's. */
const DEFAULT_METRIC = 100;

/** In a room the ports are those that were chosen when the container started. */
function inPlace(
  part: NetavarkInput,
  { port_mappings }: AttachmentRecord,
  room?: RootlessRoom,
): NetavarkInput {
  if (room === undefined) return part;
  return withRoomResolvers({ ...part, port_mappings: port_mappings ?? [] }, room);
}

function without<T>(record: Readonly<Record<string, T>> | undefined, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([name]) => name !== key));
}

/** Of a container that had left all its networks when it was started, or has done so since. */
function emptyRecord(request: JoinRequest): AttachmentRecord {
  return {
    container_id: request.containerId,
    tspod: { backend: 'bridge', ready: true, netnsPath: request.netnsPath, leases: [] },
  };
}

function keyOf([network]: readonly FoundNetwork[]): string {
  return network === undefined ? '' : nameForNetavark(network.definition);
}

/** Its definition may be gone. */
function findNetworksQuietly(context: NetworkContext, name: string): FoundNetwork[] {
  try {
    return findNetworks(context, [
      { name, aliases: [], staticIps: [], staticMac: undefined, interfaceName: undefined },
    ]);
  } catch {
    return [];
  }
}
