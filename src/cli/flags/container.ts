import type { FlagRecord } from '../flag.ts';
import { listingFlags } from './listing.ts';

/** Flags that choose containers; commands on many containers share them. */
export const selectionFlags = {
  latest: {
    long: 'latest',
    short: 'l',
    type: 'bool',
    help: 'Act on the container that was created last',
  },
  cidfile: {
    long: 'cidfile',
    type: 'stringArray',
    placeholder: 'file',
    help: 'Read the id of the container from this file',
    complete: 'files',
  },
  filter: {
    ...listingFlags.filter,
    help: 'Act on the containers that meet the condition key=value',
  },
} as const satisfies Record<string, FlagRecord>;

/** Flags of commands that connect the terminal to a container. */
export const attachFlags = {
  detachKeys: {
    long: 'detach-keys',
    type: 'string',
    placeholder: 'sequence',
    help: 'Keys that detach from the container: a character or ctrl- and a character, separated by commas',
  },
  sigProxy: {
    long: 'sig-proxy',
    type: 'bool',
    help: 'Pass signals on to the process in the container',
  },
} as const satisfies Record<string, FlagRecord>;

/** Descriptors of the caller that the program gets. */
export const preserveFlags = {
  preserveFd: {
    long: 'preserve-fd',
    type: 'stringSlice',
    placeholder: 'fd',
    help: 'Pass this file descriptor on, under the same number',
  },
  preserveFds: {
    long: 'preserve-fds',
    type: 'uint',
    placeholder: 'count',
    help: 'Pass so many file descriptors after 2 on',
  },
} as const satisfies Record<string, FlagRecord>;

export const stopTimeFlag = {
  long: 'time',
  short: 't',
  aliases: ['timeout'],
  type: 'int',
  placeholder: 'seconds',
  help: 'How long to wait for the container to stop before it is killed (-1: forever)',
} as const satisfies FlagRecord;

/** docker has the names the other way round, and hides the older one. */
export const dockerStopTimeFlag = {
  ...stopTimeFlag,
  long: 'timeout',
  aliases: ['time'],
} as const satisfies FlagRecord;

export const stopSignalFlag = {
  long: 'signal',
  short: 's',
  type: 'string',
  placeholder: 'signal',
  help: "Send this signal in place of the container's own stop signal",
  complete: 'signals',
} as const satisfies FlagRecord;

export function allFlag(help: string): FlagRecord {
  return { long: 'all', short: 'a', type: 'bool', help };
}
