import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { ConflictError, InUseError } from '../base/errors.ts';
import { ensureDirectory } from '../base/paths.ts';
import { acquireLock, type KernelLock } from '../native/kernel-lock.ts';
import { networkFiles } from './attachment-record.ts';
import { composeNetwork, type NewNetwork } from './compose-network.ts';
import { type NetworkContext, networkPlaces } from './context.ts';
import { routedSubnets } from './host-routes.ts';
import { interfaceNames } from './host-interfaces.ts';
import { refuseBeyondNetavark } from './netavark-version.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from './network-definition.ts';
import { getNetwork, listNetworks, type NetworkPlaces } from './network-store.ts';

export interface DefineOptions {
  /** One of that name may be there already, and is returned as it is. */
  ignoreExisting?: boolean;
  /** Called under the lock once the file is there. */
  onCreated?: (network: NetworkDefinition) => void;
}

/** Writes the definition of a new network. Two of them at once, of podman's as well, get different subnets and bridges. */
export async function defineNetwork(
  context: NetworkContext,
  request: NewNetwork,
  options: DefineOptions = {},
): Promise<NetworkDefinition> {
  const places = networkPlaces(context);
  ensureDirectory(places.directory, 0o755);
  const lock = await lockDefinitions(places.directory);
  try {
    const networks = listNetworks(places);
    const existing = networks.find(({ name }) => name === request.name);
    if (existing !== undefined && options.ignoreExisting) return existing;
    const { subnetPools: pools } = context.config;
    const around = { networks, routed: routedSubnets(), interfaces: interfaceNames(), pools };
    const network = composeNetwork(request, around);
    if (context.rootless && network.driver !== 'bridge' && !network.config_only)
      throw new ConflictError(`${network.driver} networks need root: their interfaces would be the host's`);
    await refuseBeyondNetavark(network, context.config);
    writeDefinition(places, network);
    crashPoint('network-after-definition');
    options.onCreated?.(network);
    return network;
  } finally {
    lock.release();
  }
}

/** Writes what `change` makes of the definition as it is under the lock. Throws NotFoundError. */
export async function redefineNetwork(
  context: NetworkContext,
  name: string,
  change: (now: NetworkDefinition) => NetworkDefinition,
): Promise<NetworkDefinition> {
  const places = networkPlaces(context);
  const lock = await lockDefinitions(places.directory);
  try {
    const network = change(getNetwork(places, name));
    writeDefinition(places, network);
    return network;
  } finally {
    lock.release();
  }
}

/** Deletes the definition; `mayRemove` is asked under the lock and throws when somebody uses it. Throws NotFoundError. */
export async function undefineNetwork(
  context: NetworkContext,
  nameOrId: string,
  mayRemove: (network: NetworkDefinition) => void,
): Promise<NetworkDefinition> {
  const places = networkPlaces(context);
  refuseDefault(getNetwork(places, nameOrId));
  const lock = await lockDefinitions(places.directory);
  try {
    const network = getNetwork(places, nameOrId);
    refuseDefault(network);
    refuseInUse(places, network);
    mayRemove(network);
    rmSync(fileOf(places.directory, network), { force: true });
    // Nobody is on it: what is left are the addresses given out last.
    rmSync(join(networkFiles(context.paths.runRoot).leases, network.name), { recursive: true, force: true });
    return network;
  } finally {
    lock.release();
  }
}

function writeDefinition({ directory }: NetworkPlaces, network: NetworkDefinition): void {
  const text = `${JSON.stringify(network, null, 5)}\n`;
  writeFileAtomic(fileOf(directory, network), text, { mode: 0o644 });
}

/** Others are made of it. */
function refuseInUse(places: NetworkPlaces, { name, config_only }: NetworkDefinition): void {
  const users = config_only ? listNetworks(places).filter(({ config_from: from }) => from === name) : [];
  if (users.length > 0)
    throw new InUseError(
      `configuration network ${name} is in use by ${users.map((user) => user.name).join(', ')}: network is being used`,
    );
}

function refuseDefault({ id, name }: NetworkDefinition): void {
  if (id === DEFAULT_NETWORK_ID)
    throw new ConflictError(`default network ${name} cannot be removed`, {
      docker: 'bridge is a pre-defined network and cannot be removed',
    });
}

/** podman's own lock for these files. */
function lockDefinitions(directory: string): Promise<KernelLock> {
  const path = join(directory, 'netavark.lock');
  return acquireLock(path, { mode: 'exclusive', timeoutMs: 60_000, what: 'the list of networks' });
}

function fileOf(directory: string, { name }: NetworkDefinition): string {
  return join(directory, `${name}.json`);
}
