import type { CommandRecord } from '../../command.ts';
import { allFlag } from '../../flags/container.ts';
import { formatFlag, listingFlags } from '../../flags/listing.ts';

const MANY = Number.POSITIVE_INFINITY;

export const secretRecords: readonly CommandRecord[] = [
  {
    paths: ['secret create'],
    summary: 'Create a secret from a file, stdin or a variable',
    description:
      'Prints its id. Containers get it with run --secret; it is in no image, no inspect and no command line.',
    examples: ['secret create token token.txt', 'secret create password - < password.txt'],
    arguments: { usage: 'NAME FILE|-', min: 2, max: 2, complete: ['none', 'files'] },
    flags: {
      driver: {
        long: 'driver',
        short: 'd',
        type: 'string',
        placeholder: 'driver',
        help: 'Where it is kept: file (encrypted, in the state database), pass or shell; as containers.conf says, else file',
        complete: ['file', 'pass', 'shell'],
      },
      driverOpts: {
        long: 'driver-opts',
        type: 'stringSlice',
        placeholder: 'key=value',
        help: 'Options of the driver: path of file; root, key, gpghomedir of pass; list, lookup, store, delete of shell',
      },
      env: {
        long: 'env',
        type: 'bool',
        help: 'The second word is the name of a variable that holds the secret',
      },
      ignore: { long: 'ignore', type: 'bool', help: 'A secret of that name may exist already, and stays' },
      label: {
        long: 'label',
        short: 'l',
        type: 'stringArray',
        placeholder: 'label',
        help: 'Set a label: key=value',
      },
      replace: { long: 'replace', type: 'bool', help: 'Replace a secret of that name' },
    },
    load: () => import('../secret/create.ts'),
  },
  {
    paths: ['secret ls', 'secret list'],
    summary: 'List secrets',
    examples: ['secret ls', 'secret ls --filter name=token --format "{{.Name}}"'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: listingFlags.filter,
      format: listingFlags.format,
      noheading: { ...listingFlags.noheading, short: 'n' },
      quiet: listingFlags.quiet,
    },
    load: () => import('../secret/list.ts'),
  },
  {
    paths: ['secret inspect'],
    summary: 'Show everything that is known about secrets but their contents',
    examples: ['secret inspect token', 'secret inspect --showsecret token'],
    arguments: { usage: 'SECRET [SECRET...]', min: 1, max: MANY, complete: 'secrets' },
    flags: {
      format: formatFlag,
      pretty: { long: 'pretty', type: 'bool', help: 'Print it for people' },
      showsecret: { long: 'showsecret', type: 'bool', help: 'Show the contents as well' },
    },
    load: () => import('../secret/inspect.ts'),
  },
  {
    paths: ['secret rm', 'secret remove'],
    summary: 'Remove secrets',
    description: 'A container that has it goes on; it cannot start again without it.',
    examples: ['secret rm token', 'secret rm --all'],
    arguments: { usage: 'SECRET [SECRET...]', min: 0, max: MANY, complete: 'secrets' },
    flags: {
      all: allFlag('Remove all secrets'),
      ignore: { long: 'ignore', short: 'i', type: 'bool', help: 'Secrets that are not there are no error' },
    },
    exits: { NotFoundError: 1 },
    load: () => import('../secret/remove.ts'),
  },
  {
    paths: ['secret exists'],
    summary: 'Tell by the exit code whether a secret exists',
    description: 'Exits 0 when it is there, 1 when it is not.',
    examples: ['secret exists token && echo yes'],
    arguments: { usage: 'SECRET', min: 1, max: 1, complete: 'secrets' },
    flags: {},
    load: () => import('../secret/exists.ts'),
  },
];
