import { readFileSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { isLoopback } from './ip-address.ts';

export interface ResolvConf {
  nameservers: string[];
  search: string[];
  options: string[];
}

export interface ResolvConfRequest {
  /** The host's file, see readHostResolvConf. */
  host: ResolvConf;
  /** --dns, or containers.conf. */
  dnsServers: readonly string[];
  /** --dns-search; a single `.` means none at all. */
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  /** What the network answers by itself: aardvark's gateway, pasta's forwarder. */
  networkServers: readonly string[];
  networkSearch: readonly string[];
  /** True: asked before the host's servers. False: instead of them (aardvark forwards what it does not know). */
  keepHostServers: boolean;
  /** The container shares the host's network: its loopback servers are reachable. */
  hostNetwork: boolean;
  /** IPv6 servers are of use. */
  ipv6: boolean;
}

/** Public resolvers, for a host that has none a container can reach. */
const FALLBACK_V4 = ['8.8.8.8', '8.8.4.4'];
const FALLBACK_V6 = ['2001:4860:4860::8888', '2001:4860:4860::8844'];

/** Where the real servers are written when the host's file names only a local stub. */
const BEHIND_STUB: Readonly<Record<string, string>> = {
  '127.0.0.53': '/run/systemd/resolve/resolv.conf',
  '127.0.0.1': '/run/NetworkManager/no-stub-resolv.conf',
};

export function composeResolvConf(request: ResolvConfRequest): ResolvConf {
  const search =
    request.dnsSearch.length > 0 ? request.dnsSearch : [...request.networkSearch, ...request.host.search];
  return {
    nameservers: chooseServers(request),
    search: search.includes('.') ? [] : [...new Set(search)],
    options: request.dnsOptions.length > 0 ? [...request.dnsOptions] : request.host.options,
  };
}

function chooseServers(request: ResolvConfRequest): string[] {
  // With a resolver of the network, --dns is what that resolver asks.
  if (request.networkServers.length > 0 && !request.keepHostServers) return [...request.networkServers];
  if (request.dnsServers.length > 0) return [...request.dnsServers];
  const reachable = request.hostNetwork
    ? request.host.nameservers
    : request.host.nameservers.filter((server) => isReachable(server, request.ipv6));
  const servers = [...request.networkServers, ...reachable];
  if (servers.length > 0 || request.hostNetwork) return servers;
  return request.ipv6 ? [...FALLBACK_V4, ...FALLBACK_V6] : FALLBACK_V4;
}

/** A zone (`fe80::1%eth0`) names an interface of the host, which the container lacks. */
function isReachable(server: string, ipv6: boolean): boolean {
  if (isLoopback(server)) return false;
  return !server.includes(':') || (ipv6 && !server.includes('%'));
}

export function formatResolvConf(conf: ResolvConf): string {
  const lines = [];
  if (conf.search.length > 0) lines.push(`search ${conf.search.join(' ')}`);
  lines.push(...conf.nameservers.map((server) => `nameserver ${server}`));
  if (conf.options.length > 0) lines.push(`options ${conf.options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** The last `search` or `domain` line wins, options add up, as resolv.conf(5) says. */
export function parseResolvConf(text: string): ResolvConf {
  const conf: ResolvConf = { nameservers: [], search: [], options: [] };
  for (const line of text.split('\n')) {
    const [key, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    const [first] = values;
    if (first === undefined) continue;
    if (key === 'nameserver') conf.nameservers.push(first);
    else if (key === 'search') conf.search = values;
    else if (key === 'domain') conf.search = [first];
    else if (key === 'options') conf.options.push(...values);
  }
  return conf;
}

/**
 * The host's resolv.conf; for a private network namespace the one behind a local stub. `netnsPath` of `ip netns` may have a file
 * of its own. A missing file is an empty one.
 */
export function readHostResolvConf(place: {
  hostNetwork: boolean;
  netnsPath?: string | undefined;
}): ResolvConf {
  const named = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(place.netnsPath ?? '')?.[1];
  const conf =
    (named === undefined ? undefined : readConf(`/etc/netns/${named}/resolv.conf`)) ??
    readConf('/etc/resolv.conf');
  if (conf === undefined) return { nameservers: [], search: [], options: [] };
  const [only, second] = conf.nameservers;
  if (place.hostNetwork || only === undefined || second !== undefined) return conf;
  const behind = BEHIND_STUB[only];
  return (behind === undefined ? undefined : readConf(behind)) ?? conf;
}

function readConf(path: string): ResolvConf | undefined {
  try {
    return parseResolvConf(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
