import { networkFlags } from './network.ts';
import type { FlagRecord } from '../flag.ts';

/** Of `network create`; docker's own ones are hidden. */
export const networkCreateFlags = {
  attachable: {
    long: 'attachable',
    type: 'bool',
    help: 'Let containers join by themselves: they always may, as there is no swarm',
  },
  disableDns: { long: 'disable-dns', type: 'bool', help: 'Containers do not find each other by name' },
  dns: {
    long: 'dns',
    type: 'stringSlice',
    placeholder: 'ip',
    help: 'DNS server that is asked for names outside of the network',
  },
  driver: {
    long: 'driver',
    short: 'd',
    type: 'string',
    placeholder: 'driver',
    default: 'bridge',
    help: 'bridge, macvlan or ipvlan',
    complete: ['bridge', 'macvlan', 'ipvlan'],
  },
  gateway: {
    long: 'gateway',
    type: 'stringSlice',
    placeholder: 'ip',
    help: 'Gateway of the subnet; the first address of it unless given',
  },
  ignore: { long: 'ignore', type: 'bool', help: 'A network of that name may exist already' },
  interfaceName: {
    long: 'interface-name',
    type: 'string',
    placeholder: 'name',
    help: 'Name of the bridge; with macvlan and ipvlan the interface of the host that they are on',
  },
  internal: { long: 'internal', type: 'bool', help: 'No way out of the network' },
  ipRange: {
    long: 'ip-range',
    type: 'stringSlice',
    placeholder: 'range',
    help: 'Give containers addresses of this part of the subnet: ADDRESS/BITS or FIRST-LAST',
  },
  ipamDriver: {
    long: 'ipam-driver',
    type: 'string',
    placeholder: 'driver',
    help: 'How containers get addresses: host-local or none',
    complete: ['host-local', 'none'],
  },
  ipv6: { long: 'ipv6', type: 'bool', help: 'Give containers IPv6 addresses as well' },
  label: { long: 'label', type: 'stringArray', placeholder: 'label', help: 'Set a label: key=value' },
  opt: {
    long: 'opt',
    short: 'o',
    type: 'stringArray',
    placeholder: 'option',
    help: 'Option of the driver: mtu=1400, isolate=true, vlan=5, parent=eth0, mode=private and others',
  },
  route: {
    long: 'route',
    type: 'stringArray',
    placeholder: 'route',
    help: 'Route that containers get: DESTINATION/BITS,GATEWAY[,METRIC]',
  },
  subnet: {
    long: 'subnet',
    type: 'stringSlice',
    placeholder: 'subnet',
    help: 'Subnet, e.g. 10.5.0.0/24; several are fine',
  },
  auxAddress: {
    long: 'aux-address',
    type: 'stringArray',
    placeholder: 'name=ip',
    help: 'Address of the subnet that belongs to something else: no container gets it',
  },
  configFrom: {
    long: 'config-from',
    type: 'string',
    placeholder: 'network',
    help: 'Take addresses, options and labels from this network, made with --config-only',
    complete: 'networks',
  },
  configOnly: {
    long: 'config-only',
    type: 'bool',
    help: 'Only keep the configuration, for --config-from: no container can be on it',
  },
  ipv4: { long: 'ipv4', type: 'bool', default: true, help: 'Give containers IPv4 addresses' },
  ipamOpt: {
    long: 'ipam-opt',
    type: 'stringArray',
    placeholder: 'key=value',
    help: 'Kept and shown by inspect: the drivers that give addresses know no options',
  },
  scope: {
    long: 'scope',
    type: 'string',
    placeholder: 'scope',
    help: 'local is the only one: there are no clusters',
    values: ['local'],
    complete: ['local'],
  },
  ...refused('ingress', 'ingress', 'bool', 'it is the network of a swarm that leads to its services'),
} as const satisfies Record<string, FlagRecord>;

export const networkConnectFlags = {
  alias: {
    long: 'alias',
    type: 'stringSlice',
    placeholder: 'name',
    help: 'Further name that the containers of the network find it by',
  },
  ip: networkFlags.ip,
  ip6: networkFlags.ip6,
  macAddress: networkFlags.macAddress,
  driverOpt: {
    long: 'driver-opt',
    type: 'stringSlice',
    placeholder: 'option',
    help: 'Option of the driver: com.docker.network.endpoint.ifname=NAME names the interface',
  },
  gwPriority: {
    long: 'gw-priority',
    type: 'int',
    placeholder: 'number',
    help: 'The way out is through the network of which it is highest (default 0)',
  },
  link: networkFlags.link,
  ...refused(
    'linkLocalIp',
    'link-local-ip',
    'stringSlice',
    'the addresses of an interface are those of its networks',
  ),
} as const satisfies Record<string, FlagRecord>;

function refused(
  key: string,
  long: string,
  type: FlagRecord['type'],
  reason: string,
): Record<string, FlagRecord> {
  return { [key]: { long, type, help: 'Not available', refused: reason, hidden: true } };
}
