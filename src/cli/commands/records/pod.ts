import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { allFlag, stopTimeFlag } from '../../flags/container.ts';
import { formatFlag, listingFlags, sortFlag } from '../../flags/listing.ts';
import { podCloneFlags, podCreateFlags } from '../../flags/pod-create.ts';

const MANY = Number.POSITIVE_INFINITY;
const PODS = { usage: 'POD [POD...]', min: 0, max: MANY, complete: 'pods' } as const;

const latest: FlagRecord = {
  long: 'latest',
  short: 'l',
  type: 'bool',
  help: 'Act on the pod that was created last',
};
const podIdFile: FlagRecord = {
  long: 'pod-id-file',
  type: 'stringArray',
  placeholder: 'file',
  help: 'Read the id of the pod from this file',
  complete: 'files',
};
const ignore: FlagRecord = {
  long: 'ignore',
  short: 'i',
  type: 'bool',
  help: 'A pod that is not there is no error',
};

export const podRecords: readonly CommandRecord[] = [
  {
    paths: ['pod create'],
    summary: 'Create a pod',
    description:
      'Prints its id. A pod is a group of containers that share networks, host name and more. What they share is held by the infra container, which needs no image and starts with the first of them.',
    examples: [
      'pod create shop',
      'pod create --name shop --publish 8080:80 --label tier=web',
      'pod create --share +pid --exit-policy stop shop',
    ],
    arguments: { usage: '[NAME]', min: 0, max: 1 },
    flags: podCreateFlags,
    load: () => import('../pod/create.ts'),
  },
  {
    paths: ['pod clone'],
    summary: 'Create a pod like one that exists',
    description:
      'With the same options, unless given anew, and a container like each of its containers. Ports are published by one of them at a time.',
    examples: ['pod clone shop', 'pod clone --start shop shop-2', 'pod clone --destroy shop'],
    arguments: { usage: 'POD [NAME]', min: 1, max: 2, complete: ['pods', 'none'] },
    flags: podCloneFlags,
    load: () => import('../pod/clone.ts'),
  },
  {
    paths: ['pod ps', 'pod ls', 'pod list'],
    summary: 'List pods',
    examples: ['pod ps', 'pod ps --ctr-names --filter status=running', 'pod ps --format "{{.Name}}"'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      ctrIds: { long: 'ctr-ids', type: 'bool', help: 'Show the ids of containers' },
      ctrNames: { long: 'ctr-names', type: 'bool', help: 'Show the names of containers' },
      ctrStatus: { long: 'ctr-status', type: 'bool', help: 'Show the states of containers' },
      filter: listingFlags.filter,
      format: listingFlags.format,
      latest: { ...latest, help: 'Show only the pod that was created last' },
      noTrunc: { ...listingFlags.noTrunc, aliases: ['notruncate'] },
      noheading: { ...listingFlags.noheading, short: 'n' },
      ns: { long: 'ns', aliases: ['namespace'], type: 'bool', help: 'Show cgroups and namespaces' },
      quiet: listingFlags.quiet,
      sort: sortFlag(['created', 'id', 'name', 'number', 'status'], 'created'),
    },
    load: () => import('../pod/ps.ts'),
  },
  {
    paths: ['pod inspect'],
    summary: 'Show everything that is known about pods',
    examples: ['pod inspect shop', 'pod inspect --format "{{.InfraContainerID}}" shop'],
    arguments: PODS,
    flags: { format: formatFlag, latest },
    load: () => import('../pod/inspect.ts'),
  },
  {
    paths: ['pod exists'],
    summary: 'Tell by the exit code whether a pod exists',
    description: 'Exits 0 when it is there, 1 when it is not, 125 when that could not be found out.',
    examples: ['pod exists shop && echo yes'],
    arguments: { usage: 'POD', min: 1, max: 1, complete: 'pods' },
    flags: {},
    load: () => import('../pod/exists.ts'),
  },
  {
    paths: ['pod start'],
    summary: 'Start all containers of pods',
    description:
      'The infra container comes first, then init containers one after the other, then the others.',
    examples: ['pod start shop', 'pod start --all'],
    arguments: PODS,
    flags: { all: allFlag('Start all pods'), latest, podIdFile },
    load: () => import('../pod/start.ts'),
  },
  {
    paths: ['pod stop'],
    summary: 'Stop all containers of pods',
    examples: ['pod stop shop', 'pod stop --time 2 --all'],
    arguments: PODS,
    flags: {
      all: allFlag('Stop all pods'),
      ignore,
      latest,
      podIdFile,
      time: { ...stopTimeFlag, help: 'How long to wait for a container to stop before it is killed' },
    },
    load: () => import('../pod/stop.ts'),
  },
  {
    paths: ['pod restart'],
    summary: 'Stop and start all containers of pods',
    examples: ['pod restart shop', 'pod restart --all'],
    arguments: PODS,
    flags: { all: allFlag('Restart all pods'), latest },
    load: () => import('../pod/restart.ts'),
  },
  {
    paths: ['pod kill'],
    summary: 'Send a signal to all containers of pods',
    examples: ['pod kill shop', 'pod kill --signal HUP shop'],
    arguments: PODS,
    flags: {
      all: allFlag('Act on all pods'),
      latest,
      signal: {
        long: 'signal',
        short: 's',
        type: 'string',
        placeholder: 'signal',
        default: 'KILL',
        help: 'Signal to send, by name or number',
        complete: 'signals',
      },
    },
    load: () => import('../pod/kill.ts'),
  },
  {
    paths: ['pod pause'],
    summary: 'Freeze all processes of pods',
    examples: ['pod pause shop', 'pod pause --all'],
    arguments: PODS,
    flags: { all: allFlag('Pause all pods'), latest },
    load: () => import('../pod/pause.ts'),
  },
  {
    paths: ['pod unpause'],
    summary: 'Let paused pods go on',
    examples: ['pod unpause shop', 'pod unpause --all'],
    arguments: PODS,
    flags: { all: allFlag('Let all pods go on'), latest },
    load: () => import('../pod/unpause.ts'),
  },
  {
    paths: ['pod rm'],
    summary: 'Remove pods with their containers',
    description: 'Exits 1 when a pod is not there, 2 when one has containers that run.',
    examples: ['pod rm shop', 'pod rm --force --time 0 shop', 'pod rm --all'],
    arguments: PODS,
    flags: {
      all: allFlag('Remove all pods'),
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Stop containers that run first; a pod that is not there is no error',
      },
      ignore,
      latest,
      podIdFile,
      time: { ...stopTimeFlag, help: 'With --force: how long to wait for a container to stop' },
    },
    exits: { NotFoundError: 1, InUseError: 2 },
    load: () => import('../pod/remove.ts'),
  },
  {
    paths: ['pod prune'],
    summary: 'Remove all pods of which nothing runs any more',
    examples: ['pod prune', 'pod prune --force'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: { force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' } },
    load: () => import('../pod/prune.ts'),
  },
  {
    paths: ['pod logs'],
    summary: 'Show what the containers of a pod have written',
    examples: ['pod logs shop', 'pod logs --follow --names shop', 'pod logs --container web shop'],
    arguments: { usage: 'POD', min: 0, max: 1, complete: 'pods' },
    flags: {
      color: { long: 'color', type: 'bool', help: 'Give the lines of each container a colour' },
      container: {
        long: 'container',
        short: 'c',
        type: 'string',
        placeholder: 'container',
        help: 'Show only what this container has written',
        complete: 'containers',
      },
      details: {
        long: 'details',
        type: 'bool',
        help: 'Put before each line what labels, env and tag of --log-opt name',
      },
      follow: { long: 'follow', short: 'f', type: 'bool', help: 'Go on showing lines as they come' },
      latest,
      names: { long: 'names', short: 'n', type: 'bool', help: 'Put names, not ids, before the lines' },
      since: {
        long: 'since',
        type: 'string',
        placeholder: 'time',
        help: 'Show lines from this time on: a date, or how long ago (10m)',
      },
      tail: {
        long: 'tail',
        type: 'string',
        placeholder: 'lines',
        default: '-1',
        help: 'Show so many lines from the end of each log',
      },
      timestamps: { long: 'timestamps', short: 't', type: 'bool', help: 'Put the time before each line' },
      until: { long: 'until', type: 'string', placeholder: 'time', help: 'Show lines up to this time' },
    },
    load: () => import('../pod/logs.ts'),
  },
  {
    paths: ['pod top'],
    summary: 'Show the processes of a pod',
    examples: ['pod top shop', 'pod top shop pid user args'],
    arguments: { usage: 'POD [FORMAT-DESCRIPTORS|ARGS...]', min: 0, max: MANY, complete: ['pods', 'none'] },
    flags: { latest },
    stopAtFirstArgument: true,
    load: () => import('../pod/top.ts'),
  },
  {
    paths: ['pod stats'],
    summary: 'Show what the containers of pods use',
    examples: ['pod stats', 'pod stats --no-stream shop', 'pod stats --format json --no-stream'],
    arguments: { usage: '[POD...]', min: 0, max: MANY, complete: 'pods' },
    flags: {
      all: allFlag('Show all pods, those too that do not run'),
      format: listingFlags.format,
      latest,
      noReset: { long: 'no-reset', type: 'bool', help: 'Print one table after the other' },
      noStream: { long: 'no-stream', type: 'bool', help: 'Print what is used now, and end' },
    },
    load: () => import('../pod/stats.ts'),
  },
];
