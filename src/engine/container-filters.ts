import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import { type ContainerRecord, findContainer, lookupContainer } from '../libpod/container.ts';
import { lookUpImage } from '../image/resolve.ts';
import { isRestarting } from '../libpod/restart-policy.ts';
import { healthStatus } from '../libpod/health-record.ts';
import { displayState } from '../libpod/transitions.ts';
import type { Engine } from './engine.ts';

export type ContainerPredicate = (record: ContainerRecord) => boolean;

const STATUSES = [
  'created',
  'initialized',
  'running',
  'paused',
  'exited',
  'stopped',
  'stopping',
  'removing',
  'unknown',
  'configured',
  'restarting',
  'dead',
];

/**
 * `key=value` filters as one predicate: the same key repeated means or (labels: and), different keys mean and. `name`, `id` and
 * `command` are matched as podman does (regular expression, prefix). Throws UsageError for unknown keys and values.
 */
export async function containerPredicate(
  engine: Engine,
  filters: readonly string[],
): Promise<ContainerPredicate> {
  const groups = new Map<string, ContainerPredicate[]>();
  const all: ContainerPredicate[] = [];
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0)
      throw new UsageError(`invalid filter ${JSON.stringify(filter)}: must be in the form key=value`);
    // docker writes label!=x for "has not".
    const negated = filter[equals - 1] === '!';
    const key = filter.slice(0, negated ? equals - 1 : equals).trim();
    const value = filter.slice(equals + 1).trim();
    const predicate = await predicateFor(engine, key, value);
    if (negated) all.push((record) => !predicate(record));
    else if (key === 'label') all.push(predicate);
    else groups.set(key, [...(groups.get(key) ?? []), predicate]);
  }
  for (const group of groups.values()) all.push((record) => group.some((predicate) => predicate(record)));
  return (record) => all.every((predicate) => predicate(record));
}

async function predicateFor(engine: Engine, key: string, value: string): Promise<ContainerPredicate> {
  switch (key) {
    // docker's, of Windows and of swarm.
    case 'isolation':
      return () => value === 'default' || value === '';
    case 'is-task':
      return () => !/^(1|t|true)$/i.test(value);
    case 'id':
      return pattern(value, (record) => record.id, true);
    case 'name':
      // docker's names begin with a slash, and its users write `^/name$`.
      return pattern(value.replace(/^\^\//, '^'), (record) => record.name, false);
    case 'label':
      return labelPredicate(value);
    case 'status':
      return statusPredicate(engine, value);
    case 'exited': {
      const code = Number(value);
      if (!Number.isInteger(code))
        throw new UsageError(`exited code out of range ${JSON.stringify(value)}: must be a number`);
      return (record) => record.state === 'exited' && record.exitCode === code;
    }
    case 'ancestor':
      return await ancestorPredicate(engine, value);
    case 'before': {
      const other = lookupContainer(engine.db, value);
      return (record) => record.createdAt < other.createdAt;
    }
    case 'since': {
      const other = lookupContainer(engine.db, value);
      return (record) => record.createdAt > other.createdAt;
    }
    case 'until': {
      const limit = parsePastTime(value, 'until').toISOString();
      return (record) => record.createdAt < limit;
    }
    case 'volume':
      return (record) =>
        record.spec.mounts.some((mount) => {
          const source = mount.type === 'bind' ? mount.source : 'name' in mount ? mount.name : '';
          return (
            source === value || mount.destination === value || `${source}:${mount.destination}` === value
          );
        });
    case 'network':
      return (record) => networkNames(record).includes(value === 'bridge' ? 'podman' : value);
    case 'health':
      return (record) => (healthStatus(engine, record) ?? 'none') === value;
    case 'pod': {
      const pod = (await import('../libpod/pod.ts')).findPod(engine.db, value);
      return (record) => pod !== undefined && record.podId === pod.id;
    }
    case 'restart-policy':
      return (record) => record.spec.restart.name === value;
    case 'command':
      return (record) => record.spec.process.args[0] === value;
    case 'should-start-on-boot':
      return (record) =>
        (record.spec.restart.name === 'always' || record.spec.restart.name === 'unless-stopped') ===
        (value === 'true');
    case 'publish':
    case 'expose':
      return portPredicate(key, value);
    default:
      throw new UsageError(`${JSON.stringify(key)} is an invalid filter: choose from ${KEYS.join(', ')}`);
  }
}

const KEYS = [
  'ancestor',
  'before',
  'command',
  'exited',
  'expose',
  'health',
  'id',
  'label',
  'name',
  'network',
  'pod',
  'publish',
  'restart-policy',
  'should-start-on-boot',
  'since',
  'status',
  'until',
  'volume',
];

/** Names of the networks a container is on; `none` and `host` count as podman shows them. */
export function networkNames(record: ContainerRecord): string[] {
  const { mode } = record.spec.network;
  if (mode.mode === 'bridge') return mode.networks.map((network) => network.name);
  return mode.mode === 'none' || mode.mode === 'host' || mode.mode === 'pasta' ? [mode.mode] : [];
}

function pattern(
  value: string,
  read: (record: ContainerRecord) => string,
  anchored: boolean,
): ContainerPredicate {
  let expression: RegExp;
  try {
    expression = new RegExp(anchored && /^[0-9a-f]+$/.test(value) ? `^${value}` : value);
  } catch (error) {
    throw new UsageError(`invalid regular expression ${JSON.stringify(value)} in filter`, { cause: error });
  }
  return (record) => expression.test(read(record));
}

function labelPredicate(value: string): ContainerPredicate {
  const equals = value.indexOf('=');
  const key = equals < 0 ? value : value.slice(0, equals);
  const wanted = equals < 0 ? undefined : value.slice(equals + 1);
  const wildcard = key.endsWith('*') ? key.slice(0, -1) : undefined;
  return (record) =>
    Object.entries(record.spec.labels).some(
      ([name, content]) =>
        (wildcard === undefined ? name === key : name.startsWith(wildcard)) &&
        (wanted === undefined || content === wanted),
    );
}

function statusPredicate(engine: Engine, value: string): ContainerPredicate {
  const wanted = value.toLowerCase();
  if (!STATUSES.includes(wanted))
    throw new UsageError(
      `${JSON.stringify(value)} is not a valid status: choose from ${STATUSES.join(', ')}`,
    );
  const state =
    wanted === 'stopped' || wanted === 'dead' ? 'exited' : wanted === 'configured' ? 'created' : wanted;
  const waits = (record: ContainerRecord): boolean => isRestarting(engine, record);
  if (state === 'restarting') return waits;
  const isDocker = engine.options.asDocker === true;
  return (record) => displayState(record.state) === state && !(isDocker && waits(record));
}

/** The image itself, or one whose layers begin with its layers. */
async function ancestorPredicate(engine: Engine, value: string): Promise<ContainerPredicate> {
  const found = await lookUpImage(engine.store.images, value);
  if (found === undefined) {
    const withTag = value.includes(':') ? value : `${value}:latest`;
    return (record) =>
      record.imageName === value || record.imageName === withTag || record.imageName.endsWith(`/${withTag}`);
  }
  const { image } = found;
  const layer = image.topLayerId;
  return (record) => {
    if (record.imageId === image.id) return true;
    if (layer === undefined || record.layerId === undefined) return false;
    return engine.store.layers.chain(record.layerId).some((each) => each.id === layer);
  };
}

function portPredicate(key: string, value: string): ContainerPredicate {
  const [range = '', protocol = 'tcp'] = value.split('/');
  const [first, last = first] = range.split('-').map(Number);
  if (first === undefined || last === undefined || !Number.isInteger(first) || !Number.isInteger(last)) {
    throw new UsageError(`invalid port ${JSON.stringify(value)} in filter ${key}`);
  }
  return (record) =>
    record.spec.network.ports.some(
      (port) =>
        port.protocol === protocol && port.containerPort <= last && first < port.containerPort + port.range,
    ) ||
    (key === 'expose' && record.spec.exposedPorts.some((port) => port === `${first}/${protocol}`));
}

/** For completion: whether a name exists. */
export function containerExists(engine: Engine, nameOrId: string): boolean {
  return findContainer(engine.db, nameOrId) !== undefined;
}
