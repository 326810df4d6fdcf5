import type { FlagRecord } from '../flag.ts';

/** How a container is reached and what it can reach. */
export const networkFlags = {
  addHost: {
    long: 'add-host',
    type: 'stringSlice',
    placeholder: 'host:ip',
    help: 'Add a line to /etc/hosts; host-gateway stands for the address of the host',
  },
  dns: {
    long: 'dns',
    type: 'stringSlice',
    placeholder: 'ip',
    help: 'DNS server to use, or none to leave resolv.conf to the image',
  },
  dnsOption: {
    long: 'dns-option',
    aliases: ['dns-opt'],
    type: 'stringSlice',
    placeholder: 'option',
    help: 'Option for resolv.conf, e.g. ndots:2',
  },
  dnsSearch: {
    long: 'dns-search',
    type: 'stringSlice',
    placeholder: 'domain',
    help: 'Domain to search host names in',
  },
  expose: {
    long: 'expose',
    type: 'stringSlice',
    placeholder: 'port[/protocol]',
    help: 'Port that the container serves; --publish-all publishes it',
  },
  ip: { long: 'ip', type: 'string', placeholder: 'ipv4', help: 'IPv4 address in the network' },
  ip6: { long: 'ip6', type: 'string', placeholder: 'ipv6', help: 'IPv6 address in the network' },
  link: {
    long: 'link',
    type: 'stringArray',
    placeholder: 'container[:alias]',
    help: 'Know another container of the same network by this name as well',
    complete: 'containers',
  },
  macAddress: {
    long: 'mac-address',
    type: 'string',
    placeholder: 'address',
    help: 'Hardware address in the network',
  },
  network: {
    long: 'network',
    aliases: ['net'],
    type: 'stringArray',
    placeholder: 'mode',
    help: 'bridge, host, none, pasta, slirp4netns, container:ID, ns:PATH or the name of a network',
    complete: {
      '': 'networks',
      bridge: [],
      host: [],
      none: [],
      pasta: [],
      private: [],
      'container:': 'containers',
      'ns:': [],
    },
  },
  networkAlias: {
    long: 'network-alias',
    aliases: ['net-alias'],
    type: 'stringSlice',
    placeholder: 'name',
    help: 'Further name that the containers of the network find it by',
  },
  noHostname: {
    long: 'no-hostname',
    type: 'bool',
    help: 'Leave /etc/hostname as the image has it',
  },
  domainname: {
    long: 'domainname',
    type: 'string',
    placeholder: 'name',
    help: 'Domain name inside the container',
  },
  hostsFile: {
    long: 'hosts-file',
    type: 'string',
    placeholder: 'file',
    help: 'What /etc/hosts begins with: a file of the host, image for the one of the image, or none',
    complete: 'files',
  },
  noHosts: { long: 'no-hosts', type: 'bool', help: 'Leave /etc/hosts as the image has it' },
  publish: {
    long: 'publish',
    short: 'p',
    type: 'stringSlice',
    placeholder: '[[ip:]host-port:]port[/protocol]',
    help: 'Make a port of the container, or a range of them, reachable through the host',
  },
  publishAll: {
    long: 'publish-all',
    short: 'P',
    type: 'bool',
    help: 'Publish all exposed ports on random ports of the host',
  },
} as const satisfies Record<string, FlagRecord>;

/** docker does not split at commas, so that there may be one with nothing in it: which is refused. */
export const dockerPublishFlag: FlagRecord = { ...networkFlags.publish, type: 'stringArray' };
