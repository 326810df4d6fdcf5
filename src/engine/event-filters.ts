import { UsageError } from '../base/errors.ts';
import type { StoredEvent } from '../state/events.ts';
import { dockerAction } from './docker-events.ts';
import { findModeNetwork } from './docker-mode-networks.ts';
import { dockerNetworkName } from './docker-network.ts';

type Predicate = (event: StoredEvent) => boolean;

const KINDS = ['container', 'image', 'volume', 'network', 'pod', 'secret'] as const;

/** Several values of a key: one of them has to match; labels: all of them; several keys: all of them. */
export function eventPredicate(filters: readonly string[]): Predicate {
  const groups = new Map<string, string[]>();
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 1) throw new UsageError(`${JSON.stringify(filter)} is an invalid filter: use key=value`);
    const key = filter.slice(0, equals).toLowerCase();
    groups.set(key, [...(groups.get(key) ?? []), filter.slice(equals + 1)]);
  }
  const all = [...groups].map(([key, values]) => {
    const each = values.map((value) => predicateFor(key, value));
    return key === 'label'
      ? (event: StoredEvent) => each.every((meets) => meets(event))
      : (event: StoredEvent) => each.some((meets) => meets(event));
  });
  return (event) => all.every((meets) => meets(event));
}

function predicateFor(key: string, value: string): Predicate {
  const kind = KINDS.find((each) => each === key);
  if (kind === 'image')
    return (event) =>
      event.kind === 'image'
        ? isNamed(event, value)
        : event.attributes['image'] === value || isShort(event.attributes['image'], value);
  if (kind === 'network') return (event) => event.kind === kind && isOfNetwork(event, value);
  if (kind !== undefined) return (event) => event.kind === kind && isNamed(event, value);
  switch (key) {
    case 'event':
      return (event) => {
        const action = dockerAction(event);
        return event.action === value || action === value || action?.split(':')[0] === value;
      };
    case 'type':
      return (event) => event.kind === (value === 'daemon' ? 'system' : value);
    case 'scope':
      return () => value === 'local';
    // docker's, of what there is none here.
    case 'config':
    case 'daemon':
    case 'node':
    case 'plugin':
    case 'service':
      return () => false;
    case 'label': {
      const equals = value.indexOf('=');
      if (equals < 0) return (event) => value in event.attributes;
      return (event) => event.attributes[value.slice(0, equals)] === value.slice(equals + 1);
    }
    default:
      throw new UsageError(`${key} is an invalid filter`, {
        hint: 'there are container, event, image, label, network, pod, secret, type and volume',
      });
  }
}

/** What is told of a container that joins it or leaves it is told by the container's id and name. */
function isOfNetwork(event: StoredEvent, value: string): boolean {
  const { network, networkId } = event.attributes;
  if (network === undefined) return isNamed(event, value);
  const id = networkId ?? findModeNetwork(network)?.id ?? '';
  return [network, dockerNetworkName({ id, name: network })].some((name) =>
    isNamed({ ...event, name, objectId: id }, value),
  );
}

function isNamed({ objectId, name }: StoredEvent, value: string): boolean {
  return name === value || isShort(name, value) || (value !== '' && objectId.startsWith(value));
}

/** `docker.io/library/busybox:latest` is also busybox and busybox:latest. */
function isShort(name: string | undefined, value: string): boolean {
  if (name === undefined) return false;
  const path = name.replace(/^docker\.io\/(?:library\/)?/, '');
  return path === value || path === `${value}:latest` || name === `${value}:latest`;
}
