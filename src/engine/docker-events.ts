import { familiarName } from '../image/reference.ts';
import {
  END_DISCONNECT,
  EXEC_CREATE,
  FOR_DOCKER,
  START_CONNECT,
  STOP_SIGNAL,
  type StoredEvent,
} from '../state/events.ts';
import { findModeNetwork } from './docker-mode-networks.ts';
import { dockerNetworkName } from './docker-network.ts';

/** An event as docker's API tells it. */
export interface DockerEvent {
  status?: string;
  id?: string;
  from?: string;
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  time: number;
  timeNano: bigint;
}

/** docker's word for what happened; undefined for what docker does not tell. */
export function dockerAction({ kind, action, attributes }: StoredEvent): string | undefined {
  const word = WORDS[kind]?.[action];
  if (word === null) return undefined;
  if (action === 'health_status') return `health_status: ${attributes['health_status'] ?? ''}`;
  const command = attributes[FOR_DOCKER.command];
  if (command !== undefined) return `${word ?? action}: ${command}`;
  return word ?? action;
}

const WORDS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  container: {
    died: 'die',
    [STOP_SIGNAL]: 'kill',
    remove: 'destroy',
    init: null,
    cleanup: null,
    [EXEC_CREATE]: 'exec_create',
    exec: 'exec_start',
    exec_died: 'exec_die',
  },
  image: { remove: 'delete', loadfromarchive: 'load' },
  volume: { remove: 'destroy' },
  network: { remove: 'destroy', [START_CONNECT]: 'connect', [END_DISCONNECT]: 'disconnect' },
};

/**
 * With docker's order at the end of a stop: podman tells first that the container has been stopped, then that it has died, docker the
 * other way round. Both are recorded at once, so that they never come in two parts.
 */
export function inDockerOrder(stored: readonly StoredEvent[]): StoredEvent[] {
  const events = stored.flatMap(withMaking);
  const ordered = [...events];
  for (const [index, first] of events.entries()) {
    const second = events[index + 1];
    if (first.action !== 'stop' || second?.action !== 'died' || first.objectId !== second.objectId) continue;
    ordered[index] = { ...second, at: first.at };
    ordered[index + 1] = { ...first, at: second.at };
  }
  return attachedFirst(ordered);
}

/** Our own command line makes an exec session and starts it in one: that is one event here, and two to docker. */
function withMaking(event: StoredEvent): StoredEvent[] {
  return event.attributes[FOR_DOCKER.made] === undefined
    ? [event]
    : [{ ...event, action: EXEC_CREATE }, event];
}

/** docker's clients attach before they start, and its networks are joined in between. */
function attachedFirst(events: readonly StoredEvent[]): StoredEvent[] {
  const ordered: StoredEvent[] = [];
  for (const event of events) {
    if (event.attributes[FOR_DOCKER.withStart] === undefined) {
      ordered.push(event);
      continue;
    }
    let first = ordered.length;
    while (first > 0 && isOfStart(ordered[first - 1], event.objectId)) first--;
    const at = ordered[first]?.at ?? event.at;
    ordered.splice(first, 0, { ...event, at });
  }
  return ordered;
}

function isOfStart(event: StoredEvent | undefined, id: string): boolean {
  return event?.objectId === id && ['init', 'start', START_CONNECT].includes(event.action);
}

/** podman knows nothing of what is there for docker's sake. */
export function asPodmanTells(events: readonly StoredEvent[]): StoredEvent[] {
  return events
    .filter(({ action }) => !DOCKERS.has(action))
    .map(withoutDockers)
    .map(withoutMembership);
}

function withoutMembership(event: StoredEvent): StoredEvent {
  if (event.kind !== 'network' || event.attributes['network'] === undefined) return event;
  return withoutAttributes(event, OF_MEMBERSHIP);
}

const DOCKERS = new Set([STOP_SIGNAL, START_CONNECT, END_DISCONNECT, EXEC_CREATE]);
const DOCKERS_ATTRIBUTES = new Set<string>(Object.values(FOR_DOCKER));
const OF_MEMBERSHIP = new Set(['networkId', 'driver']);

function withoutDockers(event: StoredEvent): StoredEvent {
  return withoutAttributes(event, DOCKERS_ATTRIBUTES);
}

function withoutAttributes(event: StoredEvent, unwanted: ReadonlySet<string>): StoredEvent {
  const kept = Object.entries(event.attributes).filter(([name]) => !unwanted.has(name));
  return { ...event, attributes: Object.fromEntries(kept) };
}

/** docker's shape; undefined for what docker does not tell. */
export function dockerEvent(event: StoredEvent): DockerEvent | undefined {
  const action = dockerAction(event);
  if (action === undefined) return undefined;
  const { kind } = event;
  const id = actorOf(event);
  const old =
    kind === 'container' || kind === 'image'
      ? { status: action, id, ...(kind === 'container' ? { from: imageOf(event) } : {}) }
      : {};
  return {
    ...old,
    Type: kind === 'system' ? 'daemon' : kind,
    Action: action,
    Actor: { ID: id, Attributes: attributesOf(event) },
    scope: 'local',
    ...timesOf(event),
  };
}

/** podman's words in the same shape, as its remote clients read it. */
export function podmanEvent(event: StoredEvent): DockerEvent {
  const { kind, action, name, objectId, attributes } = event;
  return {
    status: action,
    id: objectId,
    from: attributes['image'] ?? '',
    Type: kind,
    Action: action,
    Actor: { ID: objectId, Attributes: { ...attributes, name } },
    scope: 'local',
    ...timesOf(event),
  };
}

function timesOf({ at }: StoredEvent): Pick<DockerEvent, 'time' | 'timeNano'> {
  const milliseconds = Date.parse(at);
  return {
    time: Math.trunc(milliseconds / 1000),
    timeNano: BigInt(milliseconds) * 1_000_000n + BigInt(nanosecondsOf(at) % 1_000_000),
  };
}

function actorOf({ kind, name, objectId, attributes }: StoredEvent): string {
  if (kind === 'network') {
    const { network, networkId } = attributes;
    return networkId ?? (network === undefined ? undefined : findModeNetwork(network)?.id) ?? objectId;
  }
  if (name === '') return objectId;
  if (kind === 'image') return familiarName(name);
  return kind === 'volume' ? name : objectId;
}

function imageOf({ attributes }: StoredEvent): string {
  return familiarName(attributes['image'] ?? '');
}

function attributesOf(event: StoredEvent): Record<string, string> {
  const { kind, name } = event;
  if (kind === 'network') return networkAttributes(event);
  const { containerExitCode, ...all } = withoutHealth(withoutDockers(event)).attributes;
  const duration = event.attributes[FOR_DOCKER.duration];
  if (duration !== undefined) all['execDuration'] = duration;
  if (all['image'] !== undefined) all['image'] = familiarName(all['image']);
  if (containerExitCode !== undefined) all['exitCode'] = containerExitCode;
  if (kind === 'volume') all['driver'] = 'local';
  else if (name !== '') all['name'] = kind === 'image' ? familiarName(name) : name;
  return all;
}

/** docker has what a check found in the action alone. */
function withoutHealth(event: StoredEvent): StoredEvent {
  return event.action === 'health_status' ? withoutAttributes(event, OF_HEALTH) : event;
}

const OF_HEALTH = new Set(['health_status', 'health_failing_streak', 'health_log']);

function networkAttributes({ name, objectId, attributes }: StoredEvent): Record<string, string> {
  const { network, networkId, driver } = attributes;
  const type = driver ?? findModeNetwork(network ?? name)?.driver ?? 'bridge';
  if (network === undefined) return { name, type };
  return { container: objectId, name: dockerNetworkName({ id: networkId ?? '', name: network }), type };
}

/** Of a second. */
function nanosecondsOf(rfc3339: string): number {
  return Number((/\.(\d{1,9})/.exec(rfc3339)?.[1] ?? '0').padEnd(9, '0'));
}

/** As JSON: the nanoseconds are more than a number of JavaScript can hold. */
export function dockerEventJson(event: DockerEvent): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(rest).slice(0, -1)},"timeNano":${timeNano}}`;
}
