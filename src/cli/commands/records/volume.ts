import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { allFlag } from '../../flags/container.ts';
import { formatFlag, listingFlags, longFilterFlag } from '../../flags/listing.ts';
import { stopTimeFlag } from '../../flags/removal.ts';

const MANY = Number.POSITIVE_INFINITY;
const NO_CLUSTER = 'it is for the cluster volumes of a swarm, and tspod manages one host';

/** docker's, of volumes that a swarm asks CSI plugins for. */
const clusterFlags: Readonly<Record<string, FlagRecord>> = Object.fromEntries(
  (
    [
      ['availability', 'string'],
      ['group', 'string'],
      ['limit-bytes', 'string'],
      ['required-bytes', 'string'],
      ['scope', 'string'],
      ['secret', 'stringArray'],
      ['sharing', 'string'],
      ['topology-preferred', 'stringArray'],
      ['topology-required', 'stringArray'],
      ['type', 'string'],
    ] as const
  ).map(([long, type]) => [
    long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    { long, type, help: 'Not available', refused: NO_CLUSTER, hidden: true },
  ]),
);

export const volumeRecords: readonly CommandRecord[] = [
  {
    paths: ['volume create'],
    summary: 'Create a volume',
    description:
      'Prints its name. Without a name it gets an id, and counts as anonymous. With the driver image it begins with the files of an image that is here.',
    examples: [
      'volume create data',
      'volume create --label tier=db --ignore data',
      'volume create --driver image --opt image=alpine files',
    ],
    arguments: { usage: '[NAME]', min: 0, max: 1 },
    flags: {
      driver: {
        long: 'driver',
        short: 'd',
        type: 'string',
        placeholder: 'driver',
        default: 'local',
        help: 'Driver of the volume',
        complete: ['local', 'image'],
      },
      gid: { long: 'gid', type: 'int', placeholder: 'gid', help: 'Group that owns the directory' },
      ignore: { long: 'ignore', type: 'bool', help: 'A volume of that name may exist already' },
      label: {
        long: 'label',
        short: 'l',
        type: 'stringArray',
        placeholder: 'label',
        help: 'Set a label: key=value',
      },
      name: {
        long: 'name',
        type: 'string',
        placeholder: 'name',
        help: "Name of the volume (docker's old spelling)",
        hidden: true,
      },
      opt: {
        long: 'opt',
        short: 'o',
        type: 'stringArray',
        placeholder: 'option',
        help: 'Set an option of the driver: key=value',
      },
      ...clusterFlags,
      uid: { long: 'uid', type: 'int', placeholder: 'uid', help: 'User that owns the directory' },
    },
    load: () => import('../volume/create.ts'),
  },
  {
    paths: ['volume ls', 'volume list'],
    summary: 'List volumes',
    examples: ['volume ls', 'volume ls --filter dangling=true', 'volume ls --format "{{.Name}}"'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      cluster: { long: 'cluster', type: 'bool', help: 'Not available', refused: NO_CLUSTER, hidden: true },
      filter: listingFlags.filter,
      format: listingFlags.format,
      noheading: { ...listingFlags.noheading, short: 'n' },
      quiet: { ...listingFlags.quiet, help: 'Print only names' },
    },
    load: () => import('../volume/list.ts'),
  },
  {
    paths: ['volume inspect'],
    summary: 'Show everything that is known about volumes',
    examples: [
      'volume inspect data',
      'volume inspect --format "{{.Mountpoint}}" data',
      'volume inspect --all',
    ],
    arguments: { usage: 'VOLUME [VOLUME...]', min: 0, max: MANY, complete: 'volumes' },
    flags: { all: allFlag('Show all volumes'), format: formatFlag },
    load: () => import('../volume/inspect.ts'),
  },
  {
    paths: ['volume exists'],
    summary: 'Tell by the exit code whether a volume exists',
    description: 'Exits 0 when it is there, 1 when it is not, 125 when that could not be found out.',
    examples: ['volume exists data && echo yes'],
    arguments: { usage: 'VOLUME', min: 1, max: 1, complete: 'volumes' },
    flags: {},
    load: () => import('../volume/exists.ts'),
  },
  {
    paths: ['volume rm', 'volume remove'],
    summary: 'Remove volumes, and what is in them',
    examples: ['volume rm data', 'volume rm --force data', 'volume rm --all'],
    arguments: { usage: 'VOLUME [VOLUME...]', min: 0, max: MANY, complete: 'volumes' },
    flags: {
      all: allFlag('Remove all volumes'),
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Remove the containers that use it too; one that is not there is no error',
      },
      time: stopTimeFlag,
    },
    exits: { NotFoundError: 1, InUseError: 2 },
    load: () => import('../volume/remove.ts'),
  },
  {
    paths: ['volume export'],
    summary: 'Write what is in a volume as a tar',
    examples: ['volume export --output data.tar data', 'volume export data | gzip > data.tar.gz'],
    arguments: { usage: 'VOLUME', min: 1, max: 1, complete: 'volumes' },
    flags: {
      output: {
        long: 'output',
        short: 'o',
        type: 'string',
        placeholder: 'file',
        help: 'Write to this file, not to stdout',
        complete: 'files',
      },
    },
    load: () => import('../volume/export.ts'),
  },
  {
    paths: ['volume import'],
    summary: 'Unpack a tar into a volume',
    description:
      'The tar may be compressed. What has the same name in the volume is replaced, the rest stays.',
    examples: ['volume import data data.tar', 'volume import data - < data.tar.gz'],
    arguments: { usage: 'VOLUME [FILE|-]', min: 1, max: 2, complete: ['volumes', 'files'] },
    flags: {},
    load: () => import('../volume/import.ts'),
  },
  {
    paths: ['volume mount'],
    summary: 'Print the directory of a volume',
    examples: ['volume mount data'],
    arguments: { usage: 'VOLUME', min: 1, max: 1, complete: 'volumes' },
    flags: {},
    load: () => import('../volume/mount.ts'),
  },
  {
    paths: ['volume reload'],
    summary: 'Look again which volumes the drivers have',
    description:
      'Asks volume plugins, of which there are none here: the driver local always knows its volumes.',
    examples: ['volume reload'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {},
    load: () => import('../volume/reload.ts'),
  },
  {
    paths: ['volume unmount'],
    summary: 'Undo volume mount: local volumes need nothing for it',
    examples: ['volume unmount data'],
    arguments: { usage: 'VOLUME', min: 1, max: 1, complete: 'volumes' },
    flags: {},
    load: () => import('../volume/mount.ts'),
  },
  {
    paths: ['volume prune'],
    summary: 'Remove the volumes that no container uses',
    examples: ['volume prune', 'volume prune --force --filter label=temporary'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      all: allFlag('Take named volumes too (called as docker, only anonymous ones are taken otherwise)'),
      filter: longFilterFlag,
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
    },
    load: () => import('../volume/prune.ts'),
  },
];
