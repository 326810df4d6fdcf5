import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { allFlag, selectionFlags } from '../../flags/container.ts';
import { networkConnectFlags, networkCreateFlags } from '../../flags/network-create.ts';
import { formatFlag, listingFlags, longFilterFlag } from '../../flags/listing.ts';
import { stopTimeFlag } from '../../flags/removal.ts';

const MANY = Number.POSITIVE_INFINITY;

/** docker's; what it adds are the services of a swarm. */
const verboseFlag: FlagRecord = {
  long: 'verbose',
  short: 'v',
  type: 'bool',
  help: 'Tell of the services of a swarm too: here there are none',
  noop: true,
  hidden: true,
};

export const networkRecords: readonly CommandRecord[] = [
  {
    paths: ['network create'],
    summary: 'Create a network',
    description:
      'Prints its name (called as docker, its id). Without --subnet it gets one that is free. Containers on it find each other by name, which those on the default network do not.',
    examples: [
      'network create back',
      'network create --subnet 10.5.0.0/24 --gateway 10.5.0.254 --ip-range 10.5.0.128/25 back',
      'network create --ipv6 --opt mtu=1400 dual',
      'network create --internal --label tier=db vault',
    ],
    arguments: { usage: '[NAME]', min: 0, max: 1 },
    flags: networkCreateFlags,
    load: () => import('../network/create.ts'),
  },
  {
    paths: ['network rm', 'network remove'],
    summary: 'Remove networks',
    examples: ['network rm back', 'network rm --force back front'],
    arguments: { usage: 'NETWORK [NETWORK...]', min: 1, max: MANY, complete: 'networks' },
    flags: {
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Remove the containers on it too; one that is not there is no error',
      },
      time: stopTimeFlag,
    },
    exits: { NotFoundError: 1, InUseError: 2 },
    load: () => import('../network/remove.ts'),
  },
  {
    paths: ['network prune'],
    summary: 'Remove the networks that no container uses',
    examples: ['network prune', 'network prune --force --filter until=24h'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: longFilterFlag,
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
    },
    load: () => import('../network/prune.ts'),
  },
  {
    paths: ['network connect'],
    summary: 'Join a container to a network',
    description: 'A running container is on it at once, one that does not run when it starts.',
    examples: ['network connect back web', 'network connect --alias db --ip 10.5.0.7 back web'],
    arguments: { usage: 'NETWORK CONTAINER', min: 2, max: 2, complete: ['networks', 'containers'] },
    flags: networkConnectFlags,
    load: () => import('../network/connect.ts'),
  },
  {
    paths: ['network disconnect'],
    summary: 'Take a container from a network',
    examples: ['network disconnect back web'],
    arguments: { usage: 'NETWORK CONTAINER', min: 2, max: 2, complete: ['networks', 'containers'] },
    flags: {
      force: { long: 'force', short: 'f', type: 'bool', help: 'Nothing that is gone already is an error' },
    },
    load: () => import('../network/disconnect.ts'),
  },
  {
    paths: ['network reload'],
    summary: 'Set up the networks of running containers again',
    description:
      'After the firewall of the host was emptied or loaded again, its rules for containers and their published ports are missing until this is called. Addresses stay, open connections break.',
    examples: ['network reload --all', 'network reload web'],
    arguments: { usage: '[CONTAINER...]', min: 0, max: MANY, complete: 'running-containers' },
    flags: { all: allFlag('Reload the networks of all running containers'), latest: selectionFlags.latest },
    load: () => import('../network/reload.ts'),
  },
  {
    paths: ['network update'],
    summary: 'Change the DNS servers of a network',
    description:
      'They are asked for names outside of the network, also by the containers that are on it now.',
    examples: ['network update --dns-drop 9.9.9.9 --dns-add 1.1.1.1,1.0.0.1 back'],
    arguments: { usage: 'NETWORK', min: 1, max: 1, complete: 'networks' },
    flags: {
      dnsAdd: { long: 'dns-add', type: 'stringSlice', placeholder: 'ip', help: 'DNS server to ask as well' },
      dnsDrop: {
        long: 'dns-drop',
        type: 'stringSlice',
        placeholder: 'ip',
        help: 'DNS server not to ask any more',
      },
    },
    load: () => import('../network/update.ts'),
  },
  {
    paths: ['network ls', 'network list'],
    summary: 'List networks',
    examples: [
      'network ls',
      'network ls --filter dangling=true --quiet',
      'network ls --format "{{.Name}} {{.Driver}}"',
    ],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: listingFlags.filter,
      format: listingFlags.format,
      noTrunc: { ...listingFlags.noTrunc, help: 'Do not shorten ids' },
      noheading: { ...listingFlags.noheading, short: 'n' },
      quiet: { ...listingFlags.quiet, help: 'Print only names' },
    },
    load: () => import('../network/list.ts'),
  },
  {
    paths: ['network inspect'],
    summary: 'Show how networks are defined',
    examples: [
      'network inspect podman',
      'network inspect --format "{{range .Subnets}}{{.Subnet}}{{end}}" podman',
    ],
    arguments: { usage: 'NETWORK [NETWORK...]', min: 1, max: MANY, complete: 'networks' },
    flags: {
      format: formatFlag,
      verbose: verboseFlag,
    },
    dockerFlags: { verbose: { ...verboseFlag, hidden: false } },
    load: () => import('../network/inspect.ts'),
  },
  {
    paths: ['network exists'],
    summary: 'Tell by the exit code whether a network exists',
    description: 'Exits 0 when it is there, 1 when it is not, 125 when that could not be found out.',
    examples: ['network exists podman && echo yes'],
    arguments: { usage: 'NETWORK', min: 1, max: 1, complete: 'networks' },
    flags: {},
    load: () => import('../network/exists.ts'),
  },
];
