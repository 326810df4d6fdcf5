import { ConflictError, InvalidSpecError } from '../base/errors.ts';
import { lookupContainer } from '../libpod/container.ts';
import { leaveNone, NotConnectedError } from '../libpod/network-membership.ts';
import { findModeNetwork } from './docker-mode-networks.ts';
import type { Engine } from './engine.ts';

const HOST = 'container cannot be disconnected from host network or connected to host network';
const SHARED =
  'container sharing network namespace with another container or host cannot be connected to any other network';
const NONE =
  'container cannot be connected to multiple networks with one of the networks in private (none) mode';

/** docker counts `none` and `host` as networks, of which a container in that mode is a member. Throws what it says about changes. */
export function refuseDockerConnect(engine: Engine, wanted: string, nameOrId: string): void {
  const network = findModeNetwork(wanted)?.name ?? wanted;
  const { id, spec } = lookupContainer(engine.db, nameOrId);
  const { mode } = spec.network.mode;
  if (mode === 'container') throw new InvalidSpecError(SHARED);
  if ((mode === 'none' || mode === 'host') && network === mode)
    throw new ConflictError(`container ${id} is already connected to network "${network}"`);
  if (network === 'host') throw new InvalidSpecError(HOST);
  if (mode === 'host') throw new InvalidSpecError(SHARED);
  const isOnNetwork = spec.network.mode.mode !== 'bridge' || spec.network.mode.networks.length > 0;
  if (mode === 'none' || (network === 'none' && isOnNetwork)) throw new InvalidSpecError(NONE);
}

/** True when that was all. */
export async function disconnectAsDocker(engine: Engine, wanted: string, nameOrId: string): Promise<boolean> {
  const network = findModeNetwork(wanted)?.name ?? wanted;
  const { id, spec } = lookupContainer(engine.db, nameOrId);
  const { mode } = spec.network.mode;
  if (mode === 'host' && network === 'host') throw new InvalidSpecError(HOST);
  if (mode === 'none' && network === 'none') {
    await leaveNone(engine, nameOrId, findModeNetwork('none')?.id ?? '');
    return true;
  }
  if (network !== 'host' && network !== 'none' && mode === 'bridge') return false;
  throw new NotConnectedError(`container ${id} is not connected to network ${network}`);
}
