import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import { getVolume, type VolumeRecord, volumeUsers } from '../libpod/volume.ts';
import type { Engine } from './engine.ts';

export type VolumePredicate = (volume: VolumeRecord) => boolean;

const KEYS = [
  'after',
  'anonymous',
  'dangling',
  'driver',
  'label',
  'label!',
  'name',
  'opt',
  'scope',
  'since',
  'until',
];

/** `key=value` filters as one predicate: the same key repeated means or (labels: and), different keys mean and. */
export function volumePredicate(engine: Engine, filters: readonly string[]): VolumePredicate {
  const groups = new Map<string, VolumePredicate[]>();
  const all: VolumePredicate[] = [];
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0)
      throw new UsageError(`invalid filter ${JSON.stringify(filter)}: must be in the form key=value`);
    const negated = filter[equals - 1] === '!';
    const key = filter.slice(0, equals);
    const value = filter.slice(equals + 1);
    const predicate = predicateFor(engine, negated ? key.slice(0, -1) : key, value);
    if (negated) all.push((volume) => !predicate(volume));
    else if (key === 'label') all.push(predicate);
    else groups.set(key, [...(groups.get(key) ?? []), predicate]);
  }
  for (const group of groups.values()) all.push((volume) => group.some((predicate) => predicate(volume)));
  return (volume) => all.every((predicate) => predicate(volume));
}

function predicateFor(engine: Engine, key: string, value: string): VolumePredicate {
  switch (key) {
    case 'name': {
      const expression = nameExpression(value);
      return ({ name }) => expression.test(name);
    }
    case 'driver':
      return ({ driver }) => driver === value;
    case 'scope':
      return () => value === 'local';
    case 'label':
      return pairPredicate(value, ({ labels }) => labels);
    case 'opt':
      return pairPredicate(value, ({ options }) => options);
    case 'dangling': {
      const wanted = booleanOf(value, key);
      return ({ name }) => (volumeUsers(engine, name).length === 0) === wanted;
    }
    case 'anonymous': {
      const wanted = booleanOf(value, key);
      return ({ anonymous }) => anonymous === wanted;
    }
    case 'until': {
      const limit = parsePastTime(value, 'until').toISOString();
      return ({ createdAt }) => createdAt < limit;
    }
    case 'after':
    case 'since': {
      const other = getVolume(engine, value);
      return ({ createdAt }) => createdAt > other.createdAt;
    }
    default:
      throw new UsageError(
        `${JSON.stringify(key)} is an invalid volume filter: choose from ${KEYS.join(', ')}`,
      );
  }
}

function nameExpression(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new UsageError(`invalid regular expression ${JSON.stringify(value)} in filter`, { cause: error });
  }
}

function pairPredicate(
  value: string,
  read: (volume: VolumeRecord) => Record<string, string>,
): VolumePredicate {
  const equals = value.indexOf('=');
  const key = equals < 0 ? value : value.slice(0, equals);
  const wanted = equals < 0 ? undefined : value.slice(equals + 1);
  return (volume) => {
    const map = read(volume);
    return Object.hasOwn(map, key) && (wanted === undefined || map[key] === wanted);
  };
}

function booleanOf(value: string, key: string): boolean {
  if (['true', '1', 't'].includes(value.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(value.toLowerCase())) return false;
  throw new UsageError(
    `${JSON.stringify(value)} is not a valid value for the ${key} filter: use true or false`,
  );
}
