import type { CompletionWords } from './flag.ts';

/**
 * Keys of --filter, and the fields of rows that --format names, by command. They are repeated here because the code that knows them is
 * loaded only when the command runs; test/integration/complete-names.test.ts asks the commands about each.
 */

const BOOLEANS = ['true', 'false'];
const CONTAINER_STATES = [
  'created',
  'exited',
  'initialized',
  'paused',
  'removing',
  'running',
  'stopping',
  'unknown',
];
const LABELS: CompletionWords = { 'label=': 'none', 'label!=': 'none', 'until=': 'none' };

const CONTAINERS: CompletionWords = {
  'ancestor=': 'images',
  'before=': 'containers',
  'command=': 'none',
  'exited=': 'none',
  'expose=': 'none',
  'health=': ['healthy', 'none', 'starting', 'unhealthy'],
  'id=': 'none',
  'label=': 'none',
  'label!=': 'none',
  'name=': 'containers',
  'network=': 'networks',
  'pod=': 'pods',
  'publish=': 'none',
  'restart-policy=': ['always', 'no', 'on-failure', 'unless-stopped'],
  'should-start-on-boot=': BOOLEANS,
  'since=': 'containers',
  'status=': CONTAINER_STATES,
  'until=': 'none',
  'volume=': 'volumes',
};

const IMAGES: CompletionWords = {
  'after=': 'images',
  'before=': 'images',
  'containers=': BOOLEANS,
  'dangling=': BOOLEANS,
  'digest=': 'none',
  'id=': 'none',
  'intermediate=': BOOLEANS,
  'label=': 'none',
  'manifest=': BOOLEANS,
  'readonly=': BOOLEANS,
  'reference=': 'images',
  'since=': 'images',
  'until=': 'none',
};

const NETWORKS: CompletionWords = {
  'dangling=': BOOLEANS,
  'driver=': ['bridge', 'ipvlan', 'macvlan'],
  'id=': 'none',
  'name=': 'networks',
  ...LABELS,
};

const VOLUMES: CompletionWords = {
  'after=': 'volumes',
  'anonymous=': BOOLEANS,
  'dangling=': BOOLEANS,
  'driver=': ['image', 'local'],
  'name=': 'volumes',
  'opt=': 'none',
  'scope=': ['local'],
  'since=': 'volumes',
  ...LABELS,
};

const PODS: CompletionWords = {
  'ctr-ids=': 'none',
  'ctr-names=': 'containers',
  'ctr-number=': 'none',
  'ctr-status=': ['created', 'exited', 'paused', 'running', 'unknown'],
  'id=': 'none',
  'label=': 'none',
  'name=': 'pods',
  'network=': 'networks',
  'status=': ['created', 'dead', 'degraded', 'exited', 'paused', 'running', 'stopped'],
  'until=': 'none',
};

const EVENTS: CompletionWords = {
  'container=': 'containers',
  'event=':
    'attach checkpoint cleanup commit connect create died disconnect exec exec_died export health_status import init kill mount pause prune pull push refresh remove rename restart restore start stop sync tag unmount unpause untag update'.split(
      ' ',
    ),
  'image=': 'images',
  'label=': 'none',
  'network=': 'networks',
  'pod=': 'pods',
  'secret=': 'secrets',
  'type=': ['container', 'image', 'network', 'pod', 'secret', 'volume'],
  'volume=': 'volumes',
};

const FILTERS: Readonly<Record<string, CompletionWords>> = {
  ps: CONTAINERS,
  start: CONTAINERS,
  stop: CONTAINERS,
  restart: CONTAINERS,
  pause: CONTAINERS,
  unpause: CONTAINERS,
  rm: CONTAINERS,
  'container prune': LABELS,
  images: IMAGES,
  'image prune': IMAGES,
  'network ls': NETWORKS,
  'network prune': NETWORKS,
  'volume ls': VOLUMES,
  'volume prune': VOLUMES,
  'pod ps': PODS,
  'secret ls': { 'id=': 'none', 'name=': 'secrets' },
  'system prune': LABELS,
  events: EVENTS,
};

const FIELDS: Readonly<Record<string, string>> = {
  ps: 'Command CreatedAt CreatedHuman ExitCode Exited ID Image ImageID Labels Mounts Names Networks Pid Pod PodName Ports RunningFor Size StartedAt State Status',
  stats: 'AvgCPU BlockIO CPUPerc ID MemPerc MemUsage Name NetIO PIDs UpTime',
  images:
    'Containers CreatedAt CreatedSince Digest History ID Labels ReadOnly Repository Size Tag VirtualSize',
  history: 'Comment Created CreatedAt CreatedBy CreatedSince ID Size Tags',
  'network ls': 'Created Driver ID Internal IPv6Enabled Labels Name Options Subnets',
  'volume ls': 'Anonymous CreatedAt Driver Labels Mountpoint Name Options Scope',
  'pod ps':
    'Cgroup ContainerIds ContainerNames ContainerStatuses Created ID InfraID Labels Name Networks NumberOfContainers Status',
  'secret ls': 'CreatedAt Driver ID Name UpdatedAt',
  'system df': 'Active Reclaimable Size Total Type',
  events: 'Attributes ID Image Name Status Time Type',
};

/** Undefined where the command has no such table. */
export function filterWords(paths: readonly string[]): CompletionWords | undefined {
  return paths.map((path) => FILTERS[path]).find((found) => found !== undefined);
}

export function formatFields(paths: readonly string[]): readonly string[] {
  const fields = paths.map((path) => FIELDS[path]).find((found) => found !== undefined);
  return (fields ?? '')
    .split(' ')
    .filter((field) => field !== '')
    .map((field) => `{{.${field}}}`);
}
