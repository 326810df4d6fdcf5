import type { CommandRecord } from '../../command.ts';
import { allFlag, attachFlags, preserveFlags, selectionFlags } from '../../flags/container.ts';
import { formatFlag, listingFlags, sortFlag } from '../../flags/listing.ts';

const MANY = Number.POSITIVE_INFINITY;
const { latest } = selectionFlags;

export const CONTAINER_SORT_KEYS = [
  'command',
  'created',
  'id',
  'image',
  'names',
  'runningfor',
  'size',
  'status',
] as const;

const sizeFlag = { long: 'size', short: 's', type: 'bool', help: 'Show how much space it takes' } as const;

const tailFlag = {
  long: 'tail',
  type: 'string',
  placeholder: 'lines',
  help: 'Show only so many lines from the end',
} as const;
const namesFlag = {
  long: 'names',
  type: 'bool',
  help: 'Put the name of the container before each line',
} as const;

/** Commands that look at containers, and into them. */
export const containerViewRecords: readonly CommandRecord[] = [
  {
    paths: ['ps', 'container list', 'container ls', 'container ps'],
    summary: 'List containers',
    description: 'Lists the running containers, or all of them with --all.',
    examples: [
      'ps -a',
      'ps --filter status=exited --filter label=tier=front',
      'ps --format "table {{.Names}} {{.Status}}"',
      'ps -a --format json',
    ],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      all: allFlag('Show containers that are not running too'),
      external: {
        long: 'external',
        aliases: ['storage'],
        type: 'bool',
        help: 'Show containers of other programs in the same storage',
      },
      filter: listingFlags.filter,
      format: listingFlags.format,
      last: {
        long: 'last',
        short: 'n',
        type: 'int',
        placeholder: 'count',
        default: -1,
        help: 'Show so many of the last created containers, in any state',
      },
      latest: { ...latest, help: 'Show the container that was created last, in any state' },
      noTrunc: { ...listingFlags.noTrunc, aliases: ['notruncate'] },
      noheading: listingFlags.noheading,
      ns: { long: 'ns', aliases: ['namespace'], type: 'bool', help: 'Show namespaces' },
      pod: { long: 'pod', short: 'p', type: 'bool', help: 'Show the pods of containers' },
      quiet: listingFlags.quiet,
      size: sizeFlag,
      sort: sortFlag(CONTAINER_SORT_KEYS, 'created'),
      sync: { long: 'sync', type: 'bool', help: 'Ask the OCI runtime for the state of every container' },
      watch: {
        long: 'watch',
        short: 'w',
        type: 'uint',
        placeholder: 'seconds',
        help: 'Show the list again every so many seconds',
      },
    },
    load: () => import('../container/ps.ts'),
  },
  {
    paths: ['logs', 'container logs'],
    summary: 'Show what containers have written',
    examples: ['logs web', 'logs --follow --tail 20 web', 'logs --since 10m --timestamps web db'],
    arguments: { usage: 'CONTAINER [CONTAINER...]', min: 0, max: MANY, complete: 'containers' },
    flags: {
      color: { long: 'color', type: 'bool', help: 'Give the lines of each container a colour' },
      details: {
        long: 'details',
        type: 'bool',
        help: 'Put before each line what labels, env and tag of --log-opt name',
      },
      follow: { long: 'follow', short: 'f', type: 'bool', help: 'Go on showing lines as they come' },
      latest,
      names: { ...namesFlag, short: 'n' },
      since: {
        long: 'since',
        type: 'string',
        placeholder: 'time',
        help: 'Show lines from this time on: a date, or how long ago (10m)',
      },
      tail: tailFlag,
      timestamps: { long: 'timestamps', short: 't', type: 'bool', help: 'Put the time before each line' },
      until: { long: 'until', type: 'string', placeholder: 'time', help: 'Show lines up to this time' },
    },
    dockerFlags: { names: namesFlag, tail: { ...tailFlag, short: 'n' } },
    load: () => import('../container/logs.ts'),
  },
  {
    paths: ['inspect'],
    summary: 'Show everything that is known about objects',
    description:
      'Takes names and ids of containers, images, volumes, networks and pods, and looks for them in this order.',
    examples: [
      'inspect web',
      'inspect --format "{{.State.Status}}" web',
      'inspect --type image --format "{{index .RepoTags 0}}" busybox',
    ],
    arguments: { usage: 'NAME [NAME...]', min: 0, max: MANY, complete: 'containers' },
    flags: {
      format: formatFlag,
      latest,
      size: sizeFlag,
      type: {
        long: 'type',
        short: 't',
        type: 'string',
        placeholder: 'type',
        default: 'all',
        help: 'What the names are of: all, container, image, network, pod or volume',
        complete: ['all', 'container', 'image', 'network', 'pod', 'volume'],
      },
    },
    load: () => import('../container/inspect-any.ts'),
  },
  {
    paths: ['container inspect'],
    summary: 'Show everything that is known about containers',
    examples: ['container inspect web', 'container inspect --format "{{.State.Pid}}" web'],
    arguments: { usage: 'CONTAINER [CONTAINER...]', min: 0, max: MANY, complete: 'containers' },
    flags: { format: formatFlag, latest, size: sizeFlag },
    load: () => import('../container/inspect.ts'),
  },
  {
    paths: ['container exists'],
    summary: 'Tell by the exit code whether a container exists',
    description: 'Exits 0 when it is there, 1 when it is not, 125 when that could not be found out.',
    examples: ['container exists web && echo yes'],
    arguments: { usage: 'CONTAINER', min: 1, max: 1, complete: 'containers' },
    flags: {
      external: { long: 'external', type: 'bool', help: 'Look among the containers of other programs too' },
    },
    load: () => import('../container/exists.ts'),
  },
  {
    paths: ['stats', 'container stats'],
    summary: 'Show the CPU, memory, network and disk use of containers',
    description:
      'Of all running containers without names. Goes on until it is stopped; on a terminal as one table that is kept up to date. Where containers have no cgroup of their own, as those of many users, what their processes use is added up.',
    examples: ['stats', 'stats --no-stream web db', 'stats --no-stream --format json'],
    arguments: { usage: '[CONTAINER...]', min: 0, max: MANY, complete: 'running-containers' },
    flags: {
      all: allFlag('Show containers that are not running as well'),
      format: listingFlags.format,
      interval: {
        long: 'interval',
        short: 'i',
        type: 'int',
        placeholder: 'seconds',
        default: 5,
        help: 'How long to wait before looking again',
      },
      latest,
      noReset: { long: 'no-reset', type: 'bool', help: 'Print one table below the other' },
      noStream: { long: 'no-stream', type: 'bool', help: 'Print once and end' },
      noTrunc: listingFlags.noTrunc,
    },
    load: () => import('../container/stats.ts'),
  },
  {
    paths: ['top', 'container top'],
    summary: 'Show the processes of a container',
    description: 'Takes the descriptors of podman (pid, user, args, hpid, ...) or options of ps.',
    examples: ['top web', 'top web pid user args', 'top web -o pid,etime'],
    arguments: { usage: 'CONTAINER [FORMAT...]', min: 0, max: MANY, complete: 'running-containers' },
    stopAtFirstArgument: true,
    flags: {
      latest,
      listDescriptors: {
        long: 'list-descriptors',
        type: 'bool',
        hidden: true,
        help: 'Only list the descriptors',
      },
    },
    load: () => import('../container/top.ts'),
  },
  {
    paths: ['port', 'container port'],
    summary: 'Show the published ports of a container',
    examples: ['port web', 'port web 80/tcp', 'port --all'],
    arguments: { usage: 'CONTAINER [PORT]', min: 0, max: 2, complete: ['containers', 'none'] },
    flags: { all: allFlag('Show the ports of all containers'), latest },
    load: () => import('../container/port.ts'),
  },
  {
    paths: ['attach', 'container attach'],
    summary: 'Connect the terminal to a running container',
    examples: ['attach shell', 'attach --no-stdin --detach-keys ctrl-x web'],
    arguments: { usage: 'CONTAINER', min: 0, max: 1, complete: 'running-containers' },
    flags: {
      detachKeys: attachFlags.detachKeys,
      latest,
      noStdin: { long: 'no-stdin', type: 'bool', help: 'Pass no input to the container' },
      sigProxy: { ...attachFlags.sigProxy, default: true },
    },
    load: () => import('../container/attach.ts'),
  },
  {
    paths: ['exec', 'container exec'],
    summary: 'Run a command in a running container',
    description: "The exit code is the command's; 126 when it could not be run, 127 when it was not found.",
    examples: ['exec web ls /', 'exec -it web sh', 'exec --detach --user nobody --env A=b web program'],
    arguments: {
      usage: 'CONTAINER COMMAND [ARG...]',
      min: 1,
      max: MANY,
      complete: ['running-containers', 'none'],
    },
    stopAtFirstArgument: true,
    flags: {
      cidfile: {
        long: 'cidfile',
        type: 'string',
        placeholder: 'file',
        help: 'Read the id of the container from this file',
        complete: 'files',
      },
      detach: {
        long: 'detach',
        short: 'd',
        type: 'bool',
        help: 'Leave the command running and print its session',
      },
      detachKeys: attachFlags.detachKeys,
      env: {
        long: 'env',
        short: 'e',
        type: 'stringArray',
        placeholder: 'env',
        help: 'Set an environment variable',
      },
      envFile: {
        long: 'env-file',
        type: 'stringArray',
        placeholder: 'file',
        help: 'Read environment variables from this file',
        complete: 'files',
      },
      interactive: { long: 'interactive', short: 'i', type: 'bool', help: 'Pass stdin to the command' },
      latest,
      noSession: {
        long: 'no-session',
        type: 'bool',
        help: 'Keep no record of the command: no list shows it, no event tells of it',
      },
      ...preserveFlags,
      privileged: { long: 'privileged', type: 'bool', help: 'Give the command all capabilities' },
      tty: { long: 'tty', short: 't', type: 'bool', help: 'Give the command a terminal' },
      user: {
        long: 'user',
        short: 'u',
        type: 'string',
        placeholder: 'user[:group]',
        help: 'Run the command as this user',
      },
      wait: {
        long: 'wait',
        type: 'int',
        placeholder: 'seconds',
        help: 'Wait so long for the container to run',
        hidden: true,
      },
      workdir: {
        long: 'workdir',
        short: 'w',
        type: 'string',
        placeholder: 'dir',
        help: 'Run the command in this directory',
      },
    },
    load: () => import('../container/exec.ts'),
  },
];
