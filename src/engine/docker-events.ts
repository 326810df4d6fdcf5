import { familiarName } from '../image/reference.ts';
import { STOP_SIGNAL, type StoredEvent } from '../state/events.ts';

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
  if (word === 'exec_start' && attributes['execID'] !== undefined)
    return `exec_start: ${attributes['command'] ?? ''}`.trim();
  return word ?? action;
}

const WORDS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  container: {
    died: 'die',
    [STOP_SIGNAL]: 'kill',
    remove: 'destroy',
    init: null,
    cleanup: null,
    exec: 'exec_start',
    exec_died: 'exec_die',
  },
  image: { remove: 'delete', loadfromarchive: 'load' },
  volume: { remove: 'destroy' },
  network: { remove: 'destroy' },
};

/**
 * With docker's order at the end of a stop: podman tells first that the container has been stopped, then that it has died, docker the
 * other way round. Both are recorded at once, so that they never come in two parts.
 */
export function inDockerOrder(events: readonly StoredEvent[]): StoredEvent[] {
  const ordered = [...events];
  for (const [index, first] of events.entries()) {
    const second = events[index + 1];
    if (first.action !== 'stop' || second?.action !== 'died' || first.objectId !== second.objectId) continue;
    ordered[index] = { ...second, at: first.at };
    ordered[index + 1] = { ...first, at: second.at };
  }
  return ordered;
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
  if (kind === 'network') return attributes['networkId'] ?? objectId;
  if (name === '') return objectId;
  if (kind === 'image') return familiarName(name);
  return kind === 'volume' ? name : objectId;
}

function imageOf({ attributes }: StoredEvent): string {
  return familiarName(attributes['image'] ?? '');
}

function attributesOf({ kind, name, attributes, objectId }: StoredEvent): Record<string, string> {
  const { containerExitCode, network, networkId, ...rest } = attributes;
  const all: Record<string, string> = { ...rest };
  if (all['image'] !== undefined) all['image'] = familiarName(all['image']);
  if (containerExitCode !== undefined) all['exitCode'] = containerExitCode;
  if (kind === 'volume') all['driver'] = 'local';
  else if (kind === 'network' && network !== undefined) {
    all['name'] = network;
    all['container'] = objectId;
    all['type'] = network === 'none' ? 'null' : 'bridge';
  } else if (name !== '') all['name'] = kind === 'image' ? familiarName(name) : name;
  return all;
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
