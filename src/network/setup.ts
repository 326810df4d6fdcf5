import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { syscalls } from '../native/linux.ts';
import type { NetworkMode, NetworkSpec } from '../specgen/container-spec.ts';
import { type NetworkFiles, networkFiles, readRecord, writeRecord } from './attachment-record.ts';
import type { NetnsChoice, NetworkStatus } from './backend.ts';
import { attachToBridges, findNetworks, leaseAll, withInterfaceNames } from './bridge.ts';
import type { NetworkContext } from './context.ts';
import { requireHelper } from './helper-program.ts';
import { reserveHostPorts } from './host-ports.ts';
import { composePort } from './netavark-input.ts';
import { pastaPidFile, startPasta } from './pasta.ts';
import { refuseSlirp4netns } from './slirp4netns.ts';
import { teardownNetwork } from './teardown.ts';

export interface SetupRequest {
  containerId: string;
  containerName: string;
  hostname: string;
  /** The user namespace that a new network namespace belongs to; absent: ours. */
  usernsPath?: string;
}

/** A network on its way. The namespace is there at once; `ready` tells when it may be used. */
export interface NetworkSetup {
  netns: NetnsChoice;
  /** Rejects when the set-up failed; everything of it is undone by then. */
  ready: Promise<NetworkStatus>;
  /** Host ports that are held: the container's monitor must inherit these descriptors. */
  portFds: readonly number[];
  /** Closes our descriptors of them; to be called once the monitor runs, or nothing will. Idempotent. */
  closePorts(): void;
}

/**
 * Begins to set up the network of a container; the backend works while the caller goes on. What a killed earlier attempt left is
 * removed first, so it may be called again with the same id. Undo it with teardownNetwork, in whatever state it is.
 */
export async function setupNetwork(
  context: NetworkContext,
  spec: NetworkSpec,
  request: SetupRequest,
): Promise<NetworkSetup> {
  const { mode } = spec;
  switch (mode.mode) {
    case 'host':
      return withoutBackend({ kind: 'host' });
    case 'none':
      return withoutBackend({ kind: 'new' });
    case 'container':
      return withoutBackend(context.netnsOf(mode.id));
    case 'ns':
      if (!existsSync(mode.path)) throw new InvalidSpecError(`no network namespace at ${mode.path}`);
      return withoutBackend({ kind: 'path', path: mode.path });
    case 'bridge':
      return setupBridge(context, { ...request, spec, mode });
    case 'pasta':
      return setupPasta(context, { ...request, spec, mode });
    case 'slirp4netns':
      return refuseSlirp4netns();
  }
}

function withoutBackend(netns: NetnsChoice): NetworkSetup {
  return { netns, ready: Promise.resolve({ networks: {} }), portFds: [], closePorts: () => {} };
}

/** A request whose mode is known. */
interface ModeRequest<Name extends NetworkMode['mode']> extends SetupRequest {
  spec: NetworkSpec;
  mode: Extract<NetworkMode, { mode: Name }>;
}

async function setupBridge(context: NetworkContext, request: ModeRequest<'bridge'>): Promise<NetworkSetup> {
  const files = networkFiles(context.paths.runRoot);
  const { containerId } = request;
  let found = withInterfaceNames(context, findNetworks(context, request.mode.networks));
  if (found.some(({ attachment }) => attachment.gatewayPriority))
    found = (await import('./gateway-priority.ts')).withPriorities(found);
  // Before anything is there that only it can undo.
  if (found.length > 0) requireHelper('netavark', context.config.helperBinariesDir);
  await removeLeftovers(context, files, containerId);
  const { ports, dnsServers } = request.spec;
  const reservation = reserveHostPorts(ports);
  // For users pasta holds the ports itself; this only finds out who has them.
  if (context.rootless) reservation.close();
  try {
    const netnsPath = makeNetns(files, containerId, request.usernsPath);
    crashPoint('network-after-netns');
    // It has left all its networks, and may join others while it runs.
    if (found.length === 0) {
      reservation.close();
      return withoutBackend({ kind: 'path', path: netnsPath });
    }
    const attached = leaseAll(context, files, containerId, found);
    crashPoint('network-after-lease');
    const { containerName, hostname } = request;
    const attachments = found.map(({ attachment }) => attachment);
    const full = { containerId, containerName, hostname, netnsPath, attachments, ports, dnsServers };
    const ready = undoOnFailure(context, containerId, async () => {
      try {
        return await attachToBridges(context, full, attached);
      } catch (error) {
        reservation.close();
        throw error;
      }
    });
    return {
      netns: { kind: 'path', path: netnsPath },
      ready,
      portFds: reservation.fds,
      closePorts: reservation.close,
    };
  } catch (error) {
    reservation.close();
    await undo(context, containerId);
    throw error;
  }
}

async function setupPasta(context: NetworkContext, request: ModeRequest<'pasta'>): Promise<NetworkSetup> {
  if (!context.rootless) {
    throw new UnsupportedError('network mode pasta is for users without root', {
      hint: 'as root use `--network bridge`, the default',
    });
  }
  const files = networkFiles(context.paths.runRoot);
  const { containerId } = request;
  const { ports } = request.spec;
  await removeLeftovers(context, files, containerId);
  // Pasta holds the ports itself; this only finds out who has them, which pasta does not say.
  reserveHostPorts(ports).close();
  const netnsPath = join(files.namespaces, containerId);
  const facts = { backend: 'pasta' as const, netnsPath, leases: [] };
  try {
    makeNetns(files, containerId, request.usernsPath);
    crashPoint('network-after-netns');
    const record = { container_id: containerId, port_mappings: ports.map(composePort) };
    writeRecord(files, { ...record, tspod: { ...facts, ready: false } });
    crashPoint('network-after-record');
    const ready = undoOnFailure(context, containerId, async () => {
      const pidFile = pastaPidFile(files, containerId);
      const { config } = context;
      const status = await startPasta({
        files,
        config,
        netnsPath,
        pidFile,
        ports,
        options: request.mode.options,
      });
      crashPoint('network-after-setup');
      writeRecord(files, { ...record, tspod: { ...facts, ready: true } });
      return status;
    });
    return { netns: { kind: 'path', path: netnsPath }, ready, portFds: [], closePorts: () => {} };
  } catch (error) {
    await undo(context, containerId);
    throw error;
  }
}

/** The promise may be awaited late: its failure must not count as unhandled until then. */
function undoOnFailure(
  context: NetworkContext,
  containerId: string,
  work: () => Promise<NetworkStatus>,
): Promise<NetworkStatus> {
  const done = work().catch(async (error: unknown) => {
    await undo(context, containerId);
    throw error;
  });
  done.catch(() => {});
  return done;
}

/** The first error is the one to report. */
async function undo(context: NetworkContext, containerId: string): Promise<void> {
  try {
    await teardownNetwork(context, containerId);
  } catch (error) {
    log('warn', `cannot undo the network of container ${containerId}: ${messageOf(error)}`);
  }
}

async function removeLeftovers(
  context: NetworkContext,
  files: NetworkFiles,
  containerId: string,
): Promise<void> {
  const bound = existsSync(join(files.namespaces, containerId));
  if (bound || readRecord(files, containerId) !== undefined) await teardownNetwork(context, containerId);
}

function makeNetns(files: NetworkFiles, containerId: string, usernsPath: string | undefined): string {
  const path = join(files.namespaces, containerId);
  mkdirSync(files.namespaces, { recursive: true, mode: 0o711 });
  if (usernsPath === undefined) syscalls().createNetns(path);
  else syscalls().createNetnsIn(path, usernsPath);
  return path;
}
