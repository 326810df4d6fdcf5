import type { SubnetPool } from '../base/containers-conf-keys.ts';
import { AlreadyExistsError, ConflictError, InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { LONGEST_NAME, NAME_PATTERN, newId } from '../base/ids.ts';
import { ipFamily } from '../base/ip-family.ts';
import { configOnlyNetwork, fromConfigNetwork } from './config-only.ts';
import { freeIpv4Subnet, freeIpv6Subnet } from './free-subnet.ts';
import { overlaps, parseIp, parseSubnet, type Subnet } from './ip-address.ts';
import type { NetworkDefinition, NetworkSubnet } from './network-definition.ts';
import { subnetsOf } from './network-store.ts';
import { driverOptions, interfaceName } from './network-options.ts';
import { plainSubnet, subnetsFrom, withAuxiliary } from './subnet-requests.ts';

/** A network as it is asked for, on the command line or through the API. Absent means: as podman chooses. */
export interface NewNetwork {
  /** '' or absent: the name of its bridge. */
  name?: string | undefined;
  driver?: string | undefined;
  subnets?: readonly string[] | undefined;
  gateways?: readonly string[] | undefined;
  ipRanges?: readonly string[] | undefined;
  internal?: boolean | undefined;
  attachable?: boolean | undefined;
  ipv6?: boolean | undefined;
  disableDns?: boolean | undefined;
  dnsServers?: readonly string[] | undefined;
  labels?: Readonly<Record<string, string>> | undefined;
  options?: Readonly<Record<string, string>> | undefined;
  /** `DESTINATION,GATEWAY[,METRIC]` */
  routes?: readonly string[] | undefined;
  interfaceName?: string | undefined;
  ipamDriver?: string | undefined;
  ipamOptions?: Readonly<Record<string, string>> | undefined;
  /** By name, addresses that no container gets. */
  auxAddresses?: Readonly<Record<string, string>> | undefined;
  /** Absent: true. */
  ipv4?: boolean | undefined;
  configOnly?: boolean | undefined;
  /** Name or id of a network that is only a configuration. */
  configFrom?: string | undefined;
}

/** What a new network must keep clear of. */
export interface Surroundings {
  networks: readonly NetworkDefinition[];
  /** Subnets that the host has routes to. */
  routed: readonly Subnet[];
  interfaces: ReadonlySet<string>;
  /** Where a subnet is chosen from; undefined: the built-in ones. */
  pools?: readonly SubnetPool[] | undefined;
}

const DRIVERS = ['bridge', 'macvlan', 'ipvlan'];

/** Names that mean a mode: `--network host` could not mean such a network. */
const MODES = ['bridge', 'container', 'default', 'host', 'none', 'ns', 'pasta', 'private', 'slirp4netns'];

/** The whole definition, or an error that says what cannot be had. Changes nothing. */
export function composeNetwork(given: NewNetwork, surroundings: Surroundings): NetworkDefinition {
  if (given.configOnly) {
    const name = given.name || freeName(surroundings);
    checkName(name, surroundings);
    return configOnlyNetwork(name, given);
  }
  const request = given.configFrom ? fromConfigNetwork(given, surroundings) : given;
  const driver = request.driver || 'bridge';
  if (!DRIVERS.includes(driver))
    throw new UnsupportedError(`unsupported driver ${driver}: choose ${DRIVERS.join(', ')}`);
  const { options, networkInterface } = driverOptions(driver, request.options ?? {});
  const isBridge = driver === 'bridge';
  const link = request.interfaceName ? interfaceName(request.interfaceName) : networkInterface;
  if (isBridge && link !== undefined && options['mode'] !== 'unmanaged') refuseTaken(link, surroundings);
  if (!isBridge && link !== undefined && !surroundings.interfaces.has(link))
    throw new InvalidSpecError(`parent interface ${link} does not exist`);
  const bridge = isBridge ? (link ?? freeBridgeName(request, surroundings)) : link;
  const name = request.name || bridge || freeName(surroundings);
  checkName(name, surroundings);
  const ipam = ipamDriver(request, driver);
  const subnets = ipam === 'none' ? [] : subnetsFor(request, driver, surroundings);
  const dns = isBridge && request.disableDns !== true && ipam !== 'none';
  return {
    name,
    id: newId(),
    driver,
    ...(bridge === undefined ? {} : { network_interface: bridge }),
    created: new Date().toISOString(),
    ...(subnets.length === 0 ? {} : { subnets }),
    ...routesFrom(request.routes ?? []),
    ipv6_enabled: request.ipv6 === true || subnets.some(({ subnet }) => subnet.includes(':')),
    internal: request.internal === true,
    ...(request.attachable === true ? { attachable: true as const } : {}),
    dns_enabled: dns,
    ...dnsServersFrom(request, dns),
    ...(isEmpty(request.labels) ? {} : { labels: { ...request.labels } }),
    ...(isEmpty(options) ? {} : { options }),
    ipam_options: { ...request.ipamOptions, driver: ipam },
    ...(request.configFrom ? { config_from: request.configFrom } : {}),
  };
}

/** Its file has more in its name, while it is written. */
const LONGEST_NETWORK_NAME = LONGEST_NAME - 30;

function checkName(name: string, { networks }: Surroundings): void {
  if (!NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `network name ${name} invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument`,
    );
  if (name.length > LONGEST_NETWORK_NAME)
    throw new InvalidSpecError(
      `network name ${name.slice(0, 20)}… invalid: it has ${name.length} characters, more than ${LONGEST_NETWORK_NAME}`,
    );
  if (MODES.includes(name))
    throw new InvalidSpecError(
      `cannot create network with name "${name}" because it conflicts with a valid network mode`,
    );
  if (networks.some((network) => network.name === name))
    throw new AlreadyExistsError(`network name ${name} already used: network already exists`, {
      docker: `network with name ${name} already exists`,
    });
}

function refuseTaken(bridge: string, { networks, interfaces }: Surroundings): void {
  const owner = networks.find((network) => network.network_interface === bridge);
  if (owner !== undefined)
    throw new ConflictError(`bridge name ${bridge} already in use by network ${owner.name}`);
  if (interfaces.has(bridge)) throw new ConflictError(`bridge name ${bridge} already in use on this host`);
}

/** `podman0`, `podman1` and so on: both engines look for the first name that is free. */
function freeBridgeName(request: NewNetwork, { networks, interfaces }: Surroundings): string {
  const isTaken = (name: string): boolean =>
    interfaces.has(name) ||
    networks.some(
      (network) => network.network_interface === name || (!request.name && network.name === name),
    );
  return firstFree(isTaken);
}

function freeName({ networks }: Surroundings): string {
  return firstFree((name) => networks.some((network) => network.name === name));
}

function firstFree(isTaken: (name: string) => boolean): string {
  for (let number = 1; number < 100_000; number++) if (!isTaken(`podman${number}`)) return `podman${number}`;
  throw new ConflictError('could not find free device name');
}

function ipamDriver({ ipamDriver: given, subnets = [] }: NewNetwork, driver: string): string {
  switch (given ?? '') {
    case '':
    case 'default':
    case 'host-local':
      return 'host-local';
    case 'none':
      if (subnets.length > 0) throw new InvalidSpecError('none ipam driver is set but subnets are given');
      return 'none';
    case 'dhcp':
      throw new UnsupportedError(`ipam driver dhcp is not supported: give the ${driver} network a subnet`);
    default:
      throw new InvalidSpecError(`unsupported ipam driver "${given}"`);
  }
}

function subnetsFor(request: NewNetwork, driver: string, around: Surroundings): NetworkSubnet[] {
  const withGateway = request.internal !== true;
  const { subnets: texts = [], gateways = [], ipRanges = [] } = request;
  // docker's word for "whatever is free".
  if (texts.length === 0 && driver !== 'bridge')
    throw new InvalidSpecError(
      `${driver} driver needs at least one subnet specified, addresses by DHCP are not supported`,
    );
  // Inside an internal network the bridge still has an address where the resolver answers.
  const dnsNeedsGateway = driver === 'bridge' && request.disableDns !== true;
  const gateway = withGateway || dnsNeedsGateway;
  const given = subnetsFrom({ subnets: texts, gateways, ranges: ipRanges }, gateway);
  const own = given.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
  const defined = around.networks.flatMap(subnetsOf);
  // The host is on the network that macvlan extends.
  const taken = driver === 'bridge' ? [...defined, ...around.routed] : [];
  refuseOverlap(own, taken);
  refuseWithoutFamily(request, given);
  if (given.length === 0 && request.ipv4 !== false)
    given.push(plainSubnet(freeIpv4Subnet(taken, around.pools), gateway));
  if (request.ipv6 === true && !given.some(({ subnet }) => subnet.includes(':'))) {
    if (driver !== 'bridge') throw new InvalidSpecError(`${driver} driver with --ipv6 needs an IPv6 subnet`);
    given.push(plainSubnet(freeIpv6Subnet(taken), gateway));
  }
  return withAuxiliary(given, request.auxAddresses ?? {});
}

function refuseWithoutFamily({ ipv4, ipv6 }: NewNetwork, subnets: readonly NetworkSubnet[]): void {
  if (ipv4 !== false) return;
  const first = subnets.find(({ subnet }) => !subnet.includes(':'));
  if (first !== undefined)
    throw new InvalidSpecError(`subnet ${first.subnet} cannot be had with --ipv4=false`);
  if (ipv6 !== true && subnets.length === 0) throw new InvalidSpecError('IPv4 or IPv6 must be enabled');
}

function refuseOverlap(own: readonly Subnet[], taken: readonly Subnet[]): void {
  for (const [index, subnet] of own.entries()) {
    const text = plainSubnet(subnet, false).subnet;
    if (taken.some((other) => overlaps(other, subnet)))
      throw new ConflictError(`subnet ${text} is already used on the host or by another config`, {
        docker: `invalid pool request: Pool overlaps with other one on this address space: ${text}`,
      });
    if (own.slice(0, index).some((other) => overlaps(other, subnet)))
      throw new InvalidSpecError(`subnet ${text} overlaps another one of the same network`);
  }
}

function routesFrom(texts: readonly string[]): Pick<NetworkDefinition, 'routes'> {
  if (texts.length === 0) return {};
  const routes = texts.map((text) => {
    const [destination = '', gateway = '', metric, ...more] = text.split(',');
    const subnet = parseSubnet(destination);
    if (more.length > 0 || subnet === undefined || parseIp(gateway)?.family !== subnet.family)
      throw new InvalidSpecError(`invalid route "${text}": must be DESTINATION/BITS,GATEWAY[,METRIC]`);
    if (metric === undefined) return { destination, gateway };
    if (!/^\d{1,9}$/.test(metric)) throw new InvalidSpecError(`invalid route metric "${metric}"`);
    return { destination, gateway, metric: Number(metric) };
  });
  return { routes };
}

function dnsServersFrom(
  { dnsServers = [] }: NewNetwork,
  dns: boolean,
): Pick<NetworkDefinition, 'network_dns_servers'> {
  if (dnsServers.length === 0) return {};
  if (!dns) throw new InvalidSpecError('cannot set NetworkDNSServers if DNS is not enabled for the network');
  const wrong = dnsServers.find((text) => ipFamily(text) === 0);
  if (wrong !== undefined) throw new InvalidSpecError(`unable to parse ip ${wrong}`);
  return { network_dns_servers: [...dnsServers] };
}

function isEmpty(record: object | undefined): boolean {
  return record === undefined || Object.keys(record).length === 0;
}
