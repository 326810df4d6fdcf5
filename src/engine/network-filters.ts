import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import type { NetworkDefinition } from '../network/network-definition.ts';

type NetworkPredicate = (network: NetworkDefinition) => boolean;

const KEYS = ['dangling', 'driver', 'id', 'label', 'label!', 'name', 'until'];

/** `key=value` filters as one predicate: the same key repeated means or (labels: and), different keys mean and. */
export function networkPredicate(
  filters: readonly string[],
  idsInUse: () => ReadonlySet<string>,
): NetworkPredicate {
  const groups = new Map<string, NetworkPredicate[]>();
  const every: NetworkPredicate[] = [];
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0)
      throw new UsageError(`filter input must be in the form of filter=value: ${filter} is invalid`);
    const key = filter.slice(0, equals);
    const predicate = predicateFor(key, filter.slice(equals + 1), idsInUse);
    if (key === 'label' || key === 'label!') every.push(predicate);
    else groups.set(key, [...(groups.get(key) ?? []), predicate]);
  }
  for (const group of groups.values()) every.push((network) => group.some((predicate) => predicate(network)));
  return (network) => every.every((predicate) => predicate(network));
}

function predicateFor(key: string, value: string, idsInUse: () => ReadonlySet<string>): NetworkPredicate {
  switch (key) {
    case 'name': {
      const expression = expressionFrom(value);
      return ({ name }) => expression.test(name);
    }
    case 'id':
      return ({ id }) => id.startsWith(value);
    case 'driver':
      return ({ driver }) => driver === value;
    case 'label':
      return (network) => hasLabel(network, value);
    case 'label!':
      return (network) => !hasLabel(network, value);
    case 'until': {
      const limit = parsePastTime(value, 'until').getTime();
      return ({ created }) => created !== undefined && Date.parse(created) < limit;
    }
    case 'dangling': {
      const wanted = booleanOf(value);
      const used = idsInUse();
      return ({ id }) => !used.has(id) === wanted;
    }
    default:
      throw new UsageError(`invalid filter ${JSON.stringify(key)}: choose from ${KEYS.join(', ')}`);
  }
}

function hasLabel({ labels = {} }: NetworkDefinition, text: string): boolean {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
}

function expressionFrom(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new UsageError(`invalid regular expression ${JSON.stringify(value)} in filter`, { cause: error });
  }
}

function booleanOf(value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new UsageError(
    `${JSON.stringify(value)} is not a valid value for the dangling filter: use true or false`,
  );
}
