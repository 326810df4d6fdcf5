import { closeSync, existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { syscalls } from '../native/linux.ts';
import { MNT_DETACH } from '../native/syscalls.ts';
import { releaseAddress, releaseWhere } from './address-leases.ts';
import {
  type AttachmentRecord,
  type NetworkFiles,
  networkFiles,
  readRecord,
  recordedContainers,
  removeRecord,
} from './attachment-record.ts';
import { isAnchored } from './bridge-anchor.ts';
import type { NetworkContext } from './context.ts';
import { lockNetavark, runNetavarkTeardown, startNetavarkTeardown } from './netavark.ts';
import { existingRoom } from './rootless-room.ts';
import { stopPasta } from './pasta.ts';

export interface TeardownOptions {
  /** Do not wait for the firewall: a process that outlives this one finishes the work. */
  background?: boolean;
  /** Other containers live in this namespace: it loses its network now, not when the last of them ends. */
  joined?: boolean;
}

/**
 * Undoes whatever setupNetwork did for the container, wholly or partly, by which process ever; nothing to undo is fine. Needs no
 * more than the run root. Complaints of the backend are logged: what is left of a network must not keep a container from going.
 */
export async function teardownNetwork(
  context: NetworkContext,
  containerId: string,
  options: TeardownOptions = {},
): Promise<void> {
  const files = networkFiles(context.paths.runRoot);
  const record = readRecord(files, containerId);
  if (record === undefined) {
    releaseWhere(files.leases, (owner) => owner === containerId);
    removeNetns(join(files.namespaces, containerId));
    return;
  }
  releaseLeases(files, record);
  if (record.tspod.backend !== 'bridge') {
    // Before the namespace: a pasta that is ending by itself cannot be told from another process any more.
    await stopPasta(files, containerId, { awaitPorts: (record.port_mappings ?? []).length > 0 });
    removeNetns(record.tspod.netnsPath);
    removeRecord(files, containerId);
  } else if (!context.rootless && vanishesByItself(record) && !options.joined) {
    removeNetns(record.tspod.netnsPath);
    removeRecord(files, containerId);
  } else {
    await detachBridge({ context, files, containerId, options });
  }
}

/** Tears down all that belongs to containers that are not live: what was killed before its clean-up. Returns their ids. */
export async function reconcileNetworks(context: NetworkContext): Promise<string[]> {
  const files = networkFiles(context.paths.runRoot);
  const known = new Set([...recordedContainers(files), ...boundNamespaces(files)]);
  const stale = staleNetworks(context);
  for (const id of stale) await teardownNetwork(context, id);
  releaseWhere(files.leases, (owner) => !known.has(owner) && !context.isLive(owner));
  return stale;
}

/** Ids of containers that are not live, and of which something is still set up. Reads only. */
export function staleNetworks(context: NetworkContext): string[] {
  const files = networkFiles(context.paths.runRoot);
  const known = new Set([...recordedContainers(files), ...boundNamespaces(files)]);
  return [...known].filter((id) => !context.isLive(id));
}

/** On an anchored bridge and without ports there is only the veth pair, which the kernel removes with the namespace. */
function vanishesByItself(record: AttachmentRecord): boolean {
  const noPorts = (record.port_mappings ?? []).length === 0;
  return record.tspod.ready && noPorts && isAnchored(Object.values(record.network_info ?? {}));
}

interface BridgeDetachment {
  context: NetworkContext;
  files: NetworkFiles;
  containerId: string;
  options: TeardownOptions;
}

async function detachBridge(detachment: BridgeDetachment): Promise<void> {
  const { context, files, containerId, options } = detachment;
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    // Another process may have finished the same work while this one waited.
    const record = readRecord(files, containerId);
    if (record === undefined) return;
    const wasRestored = restoreNetns(record.tspod.netnsPath);
    const isWhole = record.tspod.ready && !wasRestored;
    // Its ports are free for others from here on.
    if (record.tspod.slot !== undefined) await stopPasta(files, containerId, { awaitPorts: true });
    const room = existingRoom(context, files);
    const run = { files, config: context.config, record, lockFd, room };
    if (options.background) return startNetavarkTeardown(run);
    const complaint = await runNetavarkTeardown(run);
    // What was never made, or is gone already, cannot be removed: no news for the user.
    const level = isWhole ? 'warn' : 'debug';
    if (complaint !== undefined)
      log(level, `clean up the network of container ${shortId(containerId)}: netavark: ${complaint}`);
  } finally {
    closeSync(lockFd);
  }
}

/** Netavark wants to enter the namespace, even if somebody has removed it. True: a new one had to be made. */
function restoreNetns(path: string): boolean {
  if (existsSync(path) && syscalls().statfsType(path) === NSFS_MAGIC) return false;
  removeNetns(path);
  syscalls().createNetns(path);
  return true;
}

const NSFS_MAGIC = 0x6e736673;

function releaseLeases(files: NetworkFiles, record: AttachmentRecord): void {
  for (const { network, address } of record.tspod.leases)
    releaseAddress(files.leases, network, address, record.container_id);
}

/** The kernel ends the namespace when the last process in it has gone as well. */
export function removeNetns(path: string): void {
  if (!existsSync(path)) return;
  try {
    syscalls().umount(path, MNT_DETACH);
  } catch (error) {
    // ENOENT: no such file. EINVAL: the file is there, but nothing is mounted on it.
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EINVAL') throw error;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function boundNamespaces(files: NetworkFiles): string[] {
  try {
    return readdirSync(files.namespaces);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
