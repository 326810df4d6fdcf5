import type { CommandRecord } from '../../command.ts';

const MANY = Number.POSITIVE_INFINITY;

export const rootlessRecords: readonly CommandRecord[] = [
  {
    paths: ['unshare'],
    summary: 'Run a command inside the user namespace that the containers of a user run in',
    description:
      'There you are root, and files of containers have the owners that containers see: for looking into volumes and removing what ' +
      'containers have left. Without a command it is your shell. CONTAINERS_GRAPHROOT and CONTAINERS_RUNROOT say where storage is.',
    examples: ['unshare', 'unshare cat /proc/self/uid_map', 'unshare chown 33:33 ./data'],
    arguments: { usage: '[COMMAND [ARG...]]', min: 0, max: MANY },
    flags: {
      rootlessNetns: {
        long: 'rootless-netns',
        type: 'bool',
        help: 'Also in the network namespace that rootless bridge networks share; it is made for this when no container is on one',
      },
    },
    stopAtFirstArgument: true,
    load: () => import('../system/unshare.ts'),
  },
  {
    paths: ['system migrate-from'],
    summary: 'Copy images, volumes and containers of podman or docker',
    description:
      "Reads that program's storage on disk and changes nothing there. Images keep their ids and digests. Containers are created anew from that program's definitions, and not started: without what they have changed in their own files, logs and exit codes. Of podman's, pods and secrets come with them. What cannot be taken is said. Stop containers that write to volumes first. Again, it copies what is new.",
    examples: ['system migrate-from podman', 'system migrate-from docker --source /srv/docker'],
    arguments: { usage: 'podman|docker', min: 1, max: 1, complete: 'none' },
    flags: {
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
      source: {
        long: 'source',
        type: 'string',
        placeholder: 'directory',
        help: "podman's graph root or docker's data root, when it is not in its usual place",
        complete: 'directories',
      },
      volumes: { long: 'volumes', type: 'bool', default: true, help: 'Copy volumes, too' },
      containers: {
        long: 'containers',
        type: 'bool',
        default: true,
        help: 'Create the containers, too, and their pods and secrets',
      },
    },
    load: () => import('../system/migrate-from.ts'),
  },
  {
    paths: ['system migrate'],
    summary: 'Take up new ids from /etc/subuid and /etc/subgid',
    description:
      'Stops all running containers, then ends the process that keeps the user namespace: the next command makes it anew. As root ' +
      'there is nothing to take up, and containers run on.',
    examples: ['system migrate', 'system migrate --new-runtime runc'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      migrateDb: {
        long: 'migrate-db',
        type: 'bool',
        help: 'Accepted for podman: there is no older kind of database',
        hidden: true,
        noop: true,
      },
      newRuntime: {
        long: 'new-runtime',
        type: 'string',
        placeholder: 'runtime',
        help: 'Start all containers with this OCI runtime from now on; what runs, runs on to its end',
        complete: ['crun', 'runc', 'runsc'],
      },
    },
    load: () => import('../system/migrate.ts'),
  },
  {
    paths: ['system renumber'],
    summary: 'Accepted for podman: locks have no numbers here',
    description:
      'Podman gives containers new numbers of locks. The locks of tspod are files, locked by the kernel.',
    examples: ['system renumber'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {},
    withoutEngine: true,
    load: () => import('../system/renumber.ts'),
  },
];
