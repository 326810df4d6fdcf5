import type { CommandRecord } from '../../command.ts';
import { formatFlag, listingFlags, longFilterFlag } from '../../flags/listing.ts';

const MANY = Number.POSITIVE_INFINITY;

export const systemRecords: readonly CommandRecord[] = [
  {
    paths: ['version'],
    summary: 'Show the version of tspod and of what it is built on',
    examples: ['version', 'version --format "{{.Client.Version}}"', 'version --format json'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: { format: formatFlag },
    withoutEngine: true,
    load: () => import('../system/version.ts'),
  },
  {
    paths: ['info', 'system info'],
    summary: 'Show facts about this host and about storage, networks and runtimes',
    examples: ['info', 'info --format "{{.Host.CgroupManager}}"', 'info --format json'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      format: formatFlag,
      debug: {
        long: 'debug',
        short: 'D',
        type: 'bool',
        help: 'Accepted for podman',
        hidden: true,
        noop: true,
      },
    },
    load: () => import('../system/info.ts'),
  },
  {
    paths: ['system df'],
    summary: 'Show how much disk space images, containers and volumes take',
    examples: ['system df', 'system df --verbose', 'system df --format "{{.Type}} {{.Size}}"'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      format: listingFlags.format,
      verbose: { long: 'verbose', short: 'v', type: 'bool', help: 'Show every image, container and volume' },
    },
    load: () => import('../system/df.ts'),
  },
  {
    paths: ['system prune'],
    summary: 'Remove stopped containers, unused networks, unneeded images and, if asked to, volumes',
    description: 'The filters label, label! and until hold for all kinds of objects.',
    examples: ['system prune', 'system prune --all --volumes --force', 'system prune --filter until=24h'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      all: {
        long: 'all',
        short: 'a',
        type: 'bool',
        help: 'Remove every image that no container was made from, not just those without a name',
      },
      build: { long: 'build', type: 'bool', help: 'Also what builds that were killed have left' },
      external: {
        long: 'external',
        type: 'bool',
        help: 'Only what builds that were killed have left, and layers that nothing refers to',
      },
      filter: longFilterFlag,
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
      volumes: { long: 'volumes', type: 'bool', help: 'Remove volumes that no container uses' },
    },
    load: () => import('../system/prune.ts'),
  },
  {
    paths: ['system reset'],
    summary: 'Remove all containers, images, volumes and networks, and everything else in storage',
    examples: ['system reset', 'system reset --force'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: { force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' } },
    load: () => import('../system/reset.ts'),
  },
  {
    paths: ['system boot'],
    summary: 'Start the containers that are to run after a boot',
    description:
      'Starts those with the restart policy always, and those with unless-stopped that nobody has stopped; what they depend on first. For a unit of the service manager, or @reboot of cron. With --stop it prepares for the end of the host instead: everything that runs is stopped, and will be started again.',
    examples: ['system boot', 'system boot --stop'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      stop: { long: 'stop', type: 'bool', help: 'Stop what runs, so that it comes back after the boot' },
    },
    load: () => import('../system/boot.ts'),
  },
  {
    paths: ['system check'],
    summary: 'Look for damage in storage, and repair it',
    description: 'Exits 0 when nothing is wrong (any more), 125 otherwise.',
    examples: ['system check', 'system check --quick', 'system check --repair'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'With --repair, remove damaged containers too',
      },
      max: {
        long: 'max',
        short: 'm',
        type: 'duration',
        placeholder: 'duration',
        default: '24h',
        help: 'How old an unused layer may be before it counts as left over',
      },
      quick: { long: 'quick', short: 'q', type: 'bool', help: 'Skip what has to read all the data' },
      repair: { long: 'repair', short: 'r', type: 'bool', help: 'Remove or fetch again what is damaged' },
    },
    load: () => import('../system/check.ts'),
  },
  {
    paths: ['system service'],
    summary: 'Serve the Docker and libpod APIs, for clients such as docker, docker-compose and podman-remote',
    description: `Listens on a socket that only the user may connect to: /run/tspod/tspod.sock for root, $XDG_RUNTIME_DIR/tspod/tspod.sock for others, or one that systemd hands over. Containers do not depend on the service: they run on when it ends.

Tell clients with DOCKER_HOST=unix:///run/tspod/tspod.sock.`,
    examples: [
      'system service',
      'system service --time 0 unix:///run/docker.sock',
      'system service --time 0 tcp://127.0.0.1:8080',
    ],
    arguments: { usage: '[URI]', min: 0, max: 1, complete: 'none' },
    flags: {
      time: {
        long: 'time',
        short: 't',
        aliases: ['timeout'],
        type: 'uint',
        placeholder: 'seconds',
        help: 'End after so many seconds without a connection; 0 for never (default 5)',
      },
    },
    load: () => import('../system/service.ts'),
  },
  {
    paths: ['help'],
    summary: 'Show help for a command',
    examples: ['help run', 'help container inspect'],
    arguments: { usage: '[COMMAND...]', min: 0, max: MANY },
    flags: {},
    withoutEngine: true,
    load: () => import('../system/help.ts'),
  },
  {
    paths: ['completion'],
    summary: 'Print the completion script for a shell',
    description: 'The script asks tspod itself for containers, images and other names while you type.',
    examples: [
      'completion bash > /etc/bash_completion.d/tspod',
      'completion fish --file ~/.config/fish/completions/tspod.fish',
    ],
    arguments: { usage: 'bash|zsh|fish', min: 1, max: 1 },
    flags: {
      file: {
        long: 'file',
        short: 'f',
        type: 'string',
        placeholder: 'path',
        help: 'Write to this file, not to stdout',
        complete: 'files',
      },
      noDesc: { long: 'no-desc', type: 'bool', help: 'Leave descriptions out of the candidates' },
    },
    withoutEngine: true,
    load: () => import('../system/completion.ts'),
  },
];
