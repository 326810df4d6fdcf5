import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InUseError, InvalidSpecError } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import { contains, formatIp, type IpAddress, parseIp, parseSubnet, type Subnet } from './ip-address.ts';
import type { NetworkDefinition, NetworkSubnet } from './network-definition.ts';

export interface LeaseRequest {
  network: NetworkDefinition;
  containerId: string;
  /** Addresses asked for; a subnet without one gets the next free address. */
  wanted: string[];
  /** Leases of containers that are not live are taken back when there is need. */
  isLive: (containerId: string) => boolean;
}

/**
 * Addresses of one container on one network, one per subnet, in the order of the subnets. A lease is a symbolic link
 * `ADDRESS → container id` in a folder per network: making it is atomic, so there is neither lock nor half a lease, and it goes
 * with the run root. Addresses go round like podman's: the one after the last given out, so that a freed one rests.
 * Asking again for the same container and address is granted. On failure nothing stays taken.
 */
export function leaseAddresses(folder: string, request: LeaseRequest): string[] {
  const directory = join(folder, request.network.name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const left = request.wanted.map((text) => parseWanted(text, request.network));
  const granted: string[] = [];
  try {
    for (const subnet of request.network.subnets ?? []) {
      const range = rangeOf(subnet, request.network);
      const index = left.findIndex((address) => contains(range.subnet, address));
      const [fixed] = index < 0 ? [] : left.splice(index, 1);
      granted.push(
        fixed === undefined
          ? takeNext(directory, range, request)
          : takeFixed(directory, fixed, range, request),
      );
    }
    const [surplus] = left;
    if (surplus !== undefined)
      throw new InvalidSpecError(
        `address ${formatIp(surplus)} is outside the subnets of network ${request.network.name}`,
      );
    return granted;
  } catch (error) {
    for (const address of granted) releaseAddress(folder, request.network.name, address, request.containerId);
    throw error;
  }
}

/** Does nothing when the lease is gone or belongs to another container. */
export function releaseAddress(folder: string, network: string, address: string, containerId: string): void {
  const path = join(folder, network, address);
  if (ownerOf(path) === containerId) unlinkIfThere(path);
}

/** Frees every lease for which `isStale` says so; returns `network/address` of each. */
export function releaseWhere(folder: string, isStale: (containerId: string) => boolean): string[] {
  const freed: string[] = [];
  for (const network of list(folder)) {
    for (const address of leasesIn(join(folder, network))) {
      const owner = ownerOf(join(folder, network, address));
      if (owner === undefined || !isStale(owner)) continue;
      unlinkIfThere(join(folder, network, address));
      freed.push(`${network}/${address}`);
    }
  }
  return freed;
}

/** Who has which address of a network. */
export function listLeases(folder: string, network: string): { address: string; containerId: string }[] {
  const directory = join(folder, network);
  return leasesIn(directory).flatMap((address) => {
    const containerId = ownerOf(join(directory, address));
    return containerId === undefined ? [] : { address, containerId };
  });
}

interface LeaseRange {
  subnet: Subnet;
  first: bigint;
  last: bigint;
  gateway: bigint | undefined;
  /** Of something else. */
  reserved: readonly (bigint | undefined)[];
  text: string;
  network: string;
}

function rangeOf(subnet: NetworkSubnet, network: NetworkDefinition): LeaseRange {
  const parsed = parseSubnet(subnet.subnet);
  if (parsed === undefined)
    throw new InvalidSpecError(`network ${network.name} has a malformed subnet: ${subnet.subnet}`);
  const broadcast = parsed.family === 4 && parsed.last - parsed.first > 1n ? 1n : 0n;
  const start = parseIp(subnet.lease_range?.start_ip ?? '')?.value ?? parsed.first + 1n;
  const end = parseIp(subnet.lease_range?.end_ip ?? '')?.value ?? parsed.last - broadcast;
  return {
    subnet: parsed,
    first: start > parsed.first ? start : parsed.first + 1n,
    last: end < parsed.last - broadcast ? end : parsed.last - broadcast,
    // Without a gateway in the file the first address is it.
    gateway: parseIp(subnet.gateway ?? '')?.value ?? parsed.first + 1n,
    reserved: Object.values(subnet.aux_addresses ?? {}).map((text) => parseIp(text)?.value),
    text: subnet.subnet,
    network: network.name,
  };
}

function takeNext(directory: string, range: LeaseRange, request: LeaseRequest): string {
  const pointer = join(directory, `${LAST_PREFIX}${range.text.replaceAll('/', '_')}`);
  for (const round of ['free', 'reclaimed'] as const) {
    if (round === 'reclaimed' && !reclaim(directory, request)) break;
    const last = parseIp(ownerOf(pointer) ?? '')?.value;
    for (const value of circle(range, last)) {
      if (value === range.gateway || range.reserved.includes(value)) continue;
      const address = formatIp({ family: range.subnet.family, value });
      if (!take(join(directory, address), request.containerId)) continue;
      replaceLink(pointer, address);
      return address;
    }
  }
  throw new InUseError(`network ${range.network} has no free address left in ${range.text}`);
}

function takeFixed(directory: string, wanted: IpAddress, range: LeaseRange, request: LeaseRequest): string {
  const address = formatIp(wanted);
  if (wanted.value === range.gateway)
    throw new InUseError(`address ${address} is the gateway of network ${range.network}`);
  if (range.reserved.includes(wanted.value))
    throw new InUseError(`address ${address} of network ${range.network} is kept for something else`);
  const path = join(directory, address);
  for (;;) {
    if (take(path, request.containerId)) return address;
    const owner = ownerOf(path);
    if (owner === request.containerId) return address;
    if (owner !== undefined && request.isLive(owner)) {
      throw new InUseError(
        `address ${address} of network ${range.network} is in use by container ${shortId(owner)}`,
      );
    }
    unlinkIfThere(path);
  }
}

/** Every address of the range once, beginning after `last`. */
function* circle(range: LeaseRange, last: bigint | undefined): Generator<bigint> {
  const start = last === undefined || last < range.first || last >= range.last ? range.first : last + 1n;
  for (let value = start; value <= range.last; value++) yield value;
  for (let value = range.first; value < start; value++) yield value;
}

function parseWanted(text: string, network: NetworkDefinition): IpAddress {
  const address = parseIp(text);
  if (address === undefined)
    throw new InvalidSpecError(`${text} is not an address for network ${network.name}`);
  return address;
}

function reclaim(directory: string, request: LeaseRequest): boolean {
  let freed = false;
  for (const address of leasesIn(directory)) {
    const path = join(directory, address);
    const owner = ownerOf(path);
    if (owner === undefined || owner === request.containerId || request.isLive(owner)) continue;
    unlinkIfThere(path);
    freed = true;
  }
  return freed;
}

/** In front of a subnet: the link to the address that was given out last. */
const LAST_PREFIX = 'last-';

function leasesIn(directory: string): string[] {
  return list(directory).filter((name) => !name.startsWith(LAST_PREFIX));
}

function list(directory: string): string[] {
  // Asked first: making an error that is thrown away costs more.
  if (!existsSync(directory)) return [];
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function take(path: string, containerId: string): boolean {
  try {
    symlinkSync(containerId, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Two processes at once may set it back by a step or two: then one address rests less, no more. */
function replaceLink(path: string, target: string): void {
  const draft = `${path}.${process.pid}`;
  unlinkIfThere(draft);
  symlinkSync(target, draft);
  renameSync(draft, path);
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
