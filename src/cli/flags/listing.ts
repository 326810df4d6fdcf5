import type { FlagRecord } from '../flag.ts';

/** Flags of commands that print lists; each command takes those that it has. */
export const listingFlags = {
  filter: {
    long: 'filter',
    short: 'f',
    type: 'stringArray',
    placeholder: 'filter',
    help: 'Show only what meets the condition key=value',
    complete: 'filters',
  },
  format: {
    long: 'format',
    type: 'string',
    placeholder: 'format',
    help: 'Print as json or by a Go template',
    complete: 'formats',
  },
  noTrunc: { long: 'no-trunc', type: 'bool', help: 'Do not shorten ids and long values' },
  noheading: { long: 'noheading', type: 'bool', help: 'Leave out the line of column headings' },
  quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Print only ids' },
} as const satisfies Record<string, FlagRecord>;

const { short: _, ...withoutShort } = listingFlags.filter;
/** `--filter` where `-f` means something else, mostly force. */
export const longFilterFlag = withoutShort satisfies FlagRecord;

/** `--format` with the short form `-f`, as inspect, info and version have it. */
export const formatFlag = {
  ...listingFlags.format,
  short: 'f',
} as const satisfies FlagRecord;

export function sortFlag<const Keys extends readonly string[]>(
  keys: Keys,
  byDefault: Keys[number],
): FlagRecord {
  return {
    long: 'sort',
    type: 'string',
    placeholder: 'key',
    default: byDefault,
    help: `Sort by ${keys.join(', ')}`,
    values: keys,
    complete: keys,
  };
}
