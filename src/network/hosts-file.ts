import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { errnoOf, InvalidSpecError } from '../base/errors.ts';
import { parseIp } from './ip-address.ts';

export interface HostEntry {
  address: string;
  names: string[];
}

export interface HostsRequest {
  /** Entries to begin with: the host's file, the image's, or none. */
  base: readonly HostEntry[];
  /** --add-host as typed: `name:ip`, `name1;name2:ip`, `name:host-gateway`. */
  addHosts: readonly string[];
  /** Other containers under further names. */
  links?: readonly HostEntry[];
  /** The container's own addresses; without any, its names get 127.0.0.1. */
  addresses: readonly string[];
  /** Host name and container name. */
  names: readonly string[];
  /** How the container reaches the host; undefined: it has no way. */
  hostAddress: string | undefined;
  /** The host's network: its own file says it all. */
  shareHost: boolean;
}

const HOST_NAMES = ['host.containers.internal', 'host.docker.internal'];

/** Names given by the user come first and win over every other entry for the same name. */
export function composeHosts(request: HostsRequest): HostEntry[] {
  const given = request.addHosts.map((text) => parseAddHost(text, request.hostAddress));
  const entries = [...given, ...(request.links ?? []), ...request.base];
  const taken = new Set(entries.flatMap((entry) => entry.names));
  const own: HostEntry[] = [
    { address: '127.0.0.1', names: ['localhost'] },
    { address: '::1', names: ['localhost'] },
  ];
  if (request.hostAddress !== undefined) own.push({ address: request.hostAddress, names: HOST_NAMES });
  if (!request.shareHost) {
    const names = [...new Set(request.names.filter((name) => name !== ''))];
    const addresses = request.addresses.length > 0 ? request.addresses : ['127.0.0.1'];
    own.push(...addresses.map((address) => ({ address, names })));
  }
  for (const entry of own) {
    const names = entry.names.filter((name) => !taken.has(name));
    if (names.length > 0) entries.push({ address: entry.address, names });
  }
  return entries;
}

export function formatHosts(entries: readonly HostEntry[]): string {
  return entries.map((entry) => `${entry.address}\t${entry.names.join(' ')}\n`).join('');
}

export function parseHosts(text: string): HostEntry[] {
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    return address === undefined || names.length === 0 ? [] : { address, names };
  });
}

/** base_hosts_file of containers.conf: '' is the host's, `none` nothing, `image` the image's (`imageFile`), else a path. */
export function readBaseHosts(choice: string, imageFile: string | undefined): HostEntry[] {
  if (choice === 'none') return [];
  const path = choice === '' ? '/etc/hosts' : choice === 'image' ? imageFile : choice;
  if (path === undefined) return [];
  try {
    return parseHosts(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && (choice === '' || choice === 'image')) return [];
    throw error;
  }
}

/** The address of the host that others on its network use: for containers without a gateway of their own. */
export function hostOwnAddress(exclude: readonly string[] = []): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (/^(?:tspod|podman|docker|cni|br-|veth|virbr)/.test(name)) continue;
    const found = addresses?.find(
      (entry) => entry.family === 'IPv4' && !entry.internal && !exclude.includes(entry.address),
    );
    if (found !== undefined) return found.address;
  }
  return undefined;
}

function parseAddHost(text: string, hostAddress: string | undefined): HostEntry {
  const colon = text.indexOf(':');
  const names = text.slice(0, Math.max(colon, 0)).split(';');
  const value = text.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  if (colon < 0 || value === '' || names.includes(''))
    throw new InvalidSpecError(`add-host ${JSON.stringify(text)} is not name:address`);
  if (value === 'host-gateway') {
    if (hostAddress === undefined)
      throw new InvalidSpecError(`add-host ${JSON.stringify(text)}: this network has no way to the host`, {
        hint: 'give the address itself, or host_containers_internal_ip in containers.conf',
      });
    return { address: hostAddress, names };
  }
  if (parseIp(value) === undefined)
    throw new InvalidSpecError(`add-host ${JSON.stringify(text)}: ${value} is not an address`);
  return { address: value, names };
}
