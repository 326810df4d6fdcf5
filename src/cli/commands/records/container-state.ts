import type { ArgumentSpec, CommandRecord } from '../../command.ts';
import { allFlag, attachFlags, selectionFlags, stopSignalFlag, stopTimeFlag } from '../../flags/container.ts';
import { updatedHealthFlags } from '../../flags/health.ts';
import { longFilterFlag } from '../../flags/listing.ts';
import { limitFlags, resourceFlags } from '../../flags/resources.ts';

const MANY = Number.POSITIVE_INFINITY;
const { latest, cidfile, filter } = selectionFlags;

/** None at all is for the handler to refuse: --all, --latest, --cidfile and --filter also name containers. */
const CONTAINERS: ArgumentSpec = {
  usage: 'CONTAINER [CONTAINER...]',
  min: 0,
  max: MANY,
  complete: 'containers',
};
const RUNNING: ArgumentSpec = { ...CONTAINERS, complete: 'running-containers' };

/** Commands that change the state of containers which exist. */
export const containerStateRecords: readonly CommandRecord[] = [
  {
    paths: ['start', 'container start'],
    summary: 'Start containers that were created or have stopped',
    description:
      "With --attach the output of the container is shown and its exit code becomes the command's.",
    examples: ['start web', 'start --attach --interactive shell', 'start --filter label=tier=front'],
    arguments: CONTAINERS,
    flags: {
      all: { long: 'all', type: 'bool', help: 'Start all containers, whatever their state' },
      attach: { long: 'attach', short: 'a', type: 'bool', help: 'Show the output of the container' },
      detachKeys: attachFlags.detachKeys,
      filter,
      interactive: { long: 'interactive', short: 'i', type: 'bool', help: 'Pass stdin to the container' },
      latest,
      sigProxy: attachFlags.sigProxy,
    },
    load: () => import('../container/start.ts'),
  },
  {
    paths: ['stop', 'container stop'],
    summary: 'Stop running containers',
    description:
      'Sends the stop signal, waits, and kills what is still there then. A container that is not running is no error.',
    examples: ['stop web', 'stop --time 2 web db', 'stop --all'],
    arguments: RUNNING,
    flags: {
      all: allFlag('Stop all running containers'),
      cidfile,
      filter,
      ignore: {
        long: 'ignore',
        short: 'i',
        type: 'bool',
        help: 'Containers that are not there are no error',
      },
      latest,
      signal: stopSignalFlag,
      time: stopTimeFlag,
    },
    load: () => import('../container/stop.ts'),
  },
  {
    paths: ['restart', 'container restart'],
    summary: 'Stop and start containers again',
    examples: ['restart web', 'restart --time 0 web', 'restart --running'],
    arguments: CONTAINERS,
    flags: {
      all: allFlag('Restart all containers, whatever their state'),
      cidfile,
      filter,
      latest,
      running: { long: 'running', type: 'bool', help: 'Restart only containers that are running' },
      signal: stopSignalFlag,
      time: stopTimeFlag,
    },
    load: () => import('../container/restart.ts'),
  },
  {
    paths: ['kill', 'container kill'],
    summary: 'Send a signal to running containers',
    examples: ['kill web', 'kill --signal HUP web', 'kill --all'],
    arguments: RUNNING,
    flags: {
      all: allFlag('Signal all running containers'),
      cidfile,
      latest,
      signal: { ...stopSignalFlag, default: 'KILL', help: 'Signal to send, by name or number' },
    },
    load: () => import('../container/kill.ts'),
  },
  {
    paths: ['pause', 'container pause'],
    summary: 'Freeze all processes of containers',
    examples: ['pause web', 'pause --all'],
    arguments: RUNNING,
    flags: { all: allFlag('Pause all running containers'), cidfile, filter, latest },
    load: () => import('../container/pause.ts'),
  },
  {
    paths: ['unpause', 'container unpause'],
    summary: 'Let paused containers go on',
    examples: ['unpause web', 'unpause --all'],
    arguments: CONTAINERS,
    flags: { all: allFlag('Unpause all paused containers'), cidfile, filter, latest },
    load: () => import('../container/unpause.ts'),
  },
  {
    paths: ['rm', 'container rm', 'container remove'],
    summary: 'Remove containers',
    description: 'A running container is removed only with --force, which stops it first.',
    examples: ['rm web', 'rm --force --volumes web db', 'rm --all'],
    arguments: CONTAINERS,
    flags: {
      all: allFlag('Remove all containers'),
      cidfile,
      depend: { long: 'depend', type: 'bool', help: 'Remove containers that depend on it as well' },
      filter: { ...longFilterFlag, help: filter.help },
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Remove running containers too; ones that are not there are no error',
      },
      ignore: {
        long: 'ignore',
        short: 'i',
        type: 'bool',
        help: 'Containers that are not there are no error',
      },
      latest,
      time: stopTimeFlag,
      volumes: {
        long: 'volumes',
        short: 'v',
        type: 'bool',
        help: 'Remove the anonymous volumes of the container',
      },
    },
    exits: { NotFoundError: 1, WrongStateError: 2, InUseError: 2 },
    load: () => import('../container/remove.ts'),
  },
  {
    paths: ['rename', 'container rename'],
    summary: 'Give a container another name',
    examples: ['rename web old-web'],
    arguments: { usage: 'CONTAINER NAME', min: 2, max: 2, complete: ['containers', 'none'] },
    flags: {},
    load: () => import('../container/rename.ts'),
  },
  {
    paths: ['update', 'container update'],
    summary: 'Change the limits, the health check, the restart policy or the environment of containers',
    description:
      'New limits and health checks hold at once for a container that runs. Environment and ulimits count from the next start.',
    examples: [
      'update --memory 512m web',
      'update --cpus 1.5 --pids-limit 200 web',
      'update --restart always web',
    ],
    arguments: CONTAINERS,
    flags: {
      ...updatedHealthFlags,
      ...limitFlags,
      deviceReadIops: resourceFlags.deviceReadIops,
      deviceWriteIops: resourceFlags.deviceWriteIops,
      env: {
        long: 'env',
        short: 'e',
        type: 'stringArray',
        placeholder: 'variable',
        help: 'Set a variable: KEY=value, or KEY to take over its value from here',
      },
      latest,
      pidsLimit: resourceFlags.pidsLimit,
      restart: {
        long: 'restart',
        type: 'string',
        placeholder: 'policy',
        help: 'Whether it starts again at its end: no, always, unless-stopped or on-failure[:times]',
        complete: ['no', 'always', 'unless-stopped', 'on-failure'],
      },
      ulimit: resourceFlags.ulimit,
      unsetenv: { long: 'unsetenv', type: 'stringArray', placeholder: 'name', help: 'Remove a variable' },
    },
    load: () => import('../container/update.ts'),
  },
  {
    paths: ['wait', 'container wait'],
    summary: 'Wait for containers to stop and print their exit codes',
    examples: ['wait web', 'wait --condition running web'],
    arguments: CONTAINERS,
    flags: {
      condition: {
        long: 'condition',
        type: 'stringSlice',
        placeholder: 'state',
        help: 'Wait for one of these states',
        complete: [
          'configured',
          'created',
          'exited',
          'healthy',
          'initialized',
          'paused',
          'removing',
          'running',
          'stopped',
          'stopping',
          'unhealthy',
        ],
      },
      exitFirstMatch: {
        long: 'exit-first-match',
        type: 'bool',
        help: 'End as soon as one of the containers meets the condition',
      },
      ignore: { long: 'ignore', type: 'bool', help: 'Print -1 for containers that are not there' },
      interval: {
        long: 'interval',
        short: 'i',
        type: 'duration',
        placeholder: 'duration',
        default: '250ms',
        help: 'How often to look',
      },
      latest,
    },
    load: () => import('../container/wait.ts'),
  },
  {
    paths: ['container prune'],
    summary: 'Remove all containers that are not running',
    examples: ['container prune', 'container prune --force --filter until=24h'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: longFilterFlag,
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
    },
    load: () => import('../container/prune.ts'),
  },
  {
    paths: ['container health-changed'],
    summary: 'Record that the health of a container has changed',
    description: 'The monitor runs it, and it does what --health-on-failure says.',
    examples: ['container health-changed web unhealthy'],
    arguments: { usage: 'CONTAINER STATUS', min: 2, max: 2, complete: 'running-containers' },
    flags: {},
    hidden: true,
    load: () => import('../container/health-changed.ts'),
  },
  {
    paths: ['container cleanup'],
    summary: 'Release what stopped containers still hold',
    description:
      'Unmounts file systems and takes networks down. The monitor runs it when nobody waits for the container.',
    examples: ['container cleanup web', 'container cleanup --all'],
    arguments: CONTAINERS,
    flags: {
      all: allFlag('Clean up after all containers'),
      exec: {
        long: 'exec',
        type: 'string',
        placeholder: 'session',
        help: 'Clean up after this exec session',
      },
      latest,
      restart: {
        long: 'restart',
        type: 'int',
        placeholder: 'count',
        help: 'Start it again as its restart policy says, as the restart of this number',
        hidden: true,
      },
      restarts: {
        long: 'restarts',
        type: 'int',
        placeholder: 'count',
        help: 'The monitor asks, and will wait for the time until a restart',
        hidden: true,
      },
      rm: { long: 'rm', type: 'bool', help: 'Remove the container afterwards' },
      rmi: { long: 'rmi', type: 'bool', help: 'Remove the container and its image afterwards' },
      stoppedOnly: {
        long: 'stopped-only',
        type: 'bool',
        help: 'Leave running containers alone',
        hidden: true,
      },
    },
    load: () => import('../container/cleanup.ts'),
  },
];
