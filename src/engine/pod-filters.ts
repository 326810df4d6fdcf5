import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import { displayState } from '../libpod/transitions.ts';
import type { Engine } from './engine.ts';
import type { ListedPod } from './list-pods.ts';

type PodPredicate = (listed: ListedPod) => boolean;

const STATUSES = ['created', 'dead', 'degraded', 'exited', 'paused', 'running', 'stopped'];
const CONTAINER_STATUSES = ['created', 'exited', 'paused', 'running', 'stopped', 'unknown'];

/** As with containers: the same key repeated means or (labels: and), different keys mean and. Throws UsageError. */
export function podPredicate(engine: Engine, filters: readonly string[]): PodPredicate {
  const all: PodPredicate[] = [];
  const groups = new Map<string, PodPredicate[]>();
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0)
      throw new UsageError(`filter input must be in the form of filter=value: ${filter} is invalid`);
    const key = filter.slice(0, equals);
    const predicate = predicateFor(engine, key, filter.slice(equals + 1));
    if (key === 'label' || key === 'label!') all.push(predicate);
    else groups.set(key, [...(groups.get(key) ?? []), predicate]);
  }
  return (listed) =>
    all.every((predicate) => predicate(listed)) &&
    [...groups.values()].every((group) => group.some((predicate) => predicate(listed)));
}

function predicateFor(engine: Engine, key: string, value: string): PodPredicate {
  switch (key) {
    case 'ctr-ids':
      return ({ containers }) => containers.some(({ id }) => id.startsWith(value));
    case 'ctr-names': {
      const pattern = patternOf(value, key);
      return ({ containers }) => containers.some(({ name }) => pattern.test(name));
    }
    case 'ctr-number':
      return ({ containers }) => containers.length === Number(value);
    case 'ctr-status': {
      if (!CONTAINER_STATUSES.includes(value)) throw new UsageError(`${value} is not a valid status`);
      const wanted = value === 'stopped' ? 'exited' : value;
      return ({ containers }) => containers.some(({ state }) => displayState(state) === wanted);
    }
    case 'id':
      return ({ pod }) => pod.id.startsWith(value);
    case 'name': {
      const pattern = patternOf(value, key);
      return ({ pod }) => pattern.test(pod.name);
    }
    case 'status':
      if (!STATUSES.includes(value)) throw new UsageError(`${value} is not a valid pod status`);
      return ({ status }) => status.toLowerCase() === value;
    case 'label':
      return hasLabel(value);
    case 'label!': {
      const has = hasLabel(value);
      return (listed) => !has(listed);
    }
    case 'until': {
      const limit = parsePastTime(value, 'until').toISOString();
      return ({ pod }) => pod.createdAt < limit;
    }
    case 'network': {
      const name = value === 'bridge' ? engine.config.network.defaultNetwork : value;
      return ({ networks }) => networks.includes(name);
    }
    default:
      throw new UsageError(`${key} is an invalid filter: choose from ${KEYS.join(', ')}`);
  }
}

const KEYS = [
  'ctr-ids',
  'ctr-names',
  'ctr-number',
  'ctr-status',
  'id',
  'label',
  'name',
  'network',
  'status',
  'until',
];

function patternOf(value: string, key: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new UsageError(`invalid filter ${key}=${value}: not a regular expression`, { cause: error });
  }
}

function hasLabel(text: string): PodPredicate {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  return ({ pod }) => {
    const value = pod.spec.labels[key];
    return value !== undefined && (equals < 0 || value === text.slice(equals + 1));
  };
}
