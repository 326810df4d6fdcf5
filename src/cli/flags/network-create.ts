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
  ...refused('auxAddress', 'aux-address', 'stringArray'),
  ...refused('configFrom', 'config-from', 'string'),
  ...refused('configOnly', 'config-only', 'bool'),
  ...refused('ingress', 'ingress', 'bool'),
  ...refused('ipamOpt', 'ipam-opt', 'stringArray'),
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
  ...refused('driverOpt', 'driver-opt', 'stringSlice'),
  ...refused('gwPriority', 'gw-priority', 'int'),
  ...refused('link', 'link', 'stringArray'),
  ...refused('linkLocalIp', 'link-local-ip', 'stringSlice'),
} as const satisfies Record<string, FlagRecord>;

function refused(key: string, long: string, type: FlagRecord['type']): Record<string, FlagRecord> {
  return { [key]: { long, type, help: 'Not available', refused: '', hidden: true } };
}
