import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { allFlag, selectionFlags } from '../../flags/container.ts';

const { latest } = selectionFlags;
const MANY = Number.POSITIVE_INFINITY;

/** Both have to be told of connections and locks. */
const sharedFlags = {
  fileLocks: { long: 'file-locks', type: 'bool', help: 'The processes may hold locks on files' },
  keep: {
    long: 'keep',
    short: 'k',
    type: 'bool',
    help: 'Keep the logs and statistics of CRIU, and the checkpoint',
  },
  latest,
  printStats: { long: 'print-stats', type: 'bool', help: 'Print how long it took as JSON' },
  tcpEstablished: {
    long: 'tcp-established',
    type: 'bool',
    help: 'The processes may have TCP connections',
  },
} as const satisfies Record<string, FlagRecord>;

/** Commands that write running containers to disk and continue them from there. */
export const containerCheckpointRecords: readonly CommandRecord[] = [
  {
    paths: ['container checkpoint'],
    summary: 'Write the processes of running containers to disk',
    description:
      'CRIU freezes the processes into files, and the container ends; container restore continues it, after a restart of the host too. With --export or --create-image the checkpoint can go to another machine. Needs root, criu, and runc or a crun that is built with CRIU.',
    examples: [
      'container checkpoint web',
      'container checkpoint --leave-running --export web.tar.zst web',
      'container checkpoint --create-image registry.example.org/web-checkpoint web',
    ],
    arguments: { usage: 'CONTAINER [CONTAINER...]', min: 0, max: MANY, complete: 'running-containers' },
    flags: {
      all: allFlag('Checkpoint all running containers'),
      compress: {
        long: 'compress',
        short: 'c',
        type: 'string',
        placeholder: 'algorithm',
        help: 'How an exported archive is compressed: gzip, none or zstd (default zstd)',
        complete: ['gzip', 'none', 'zstd'],
      },
      createImage: {
        long: 'create-image',
        type: 'string',
        placeholder: 'image',
        help: 'Make an image of this name that holds the checkpoint',
        complete: 'none',
      },
      export: {
        long: 'export',
        short: 'e',
        type: 'string',
        placeholder: 'archive',
        help: 'Write the checkpoint to this file as well',
        complete: 'files',
      },
      fileLocks: sharedFlags.fileLocks,
      ignoreRootfs: {
        long: 'ignore-rootfs',
        type: 'bool',
        help: 'With --export: leave out what has changed in the root file system',
      },
      ignoreVolumes: {
        long: 'ignore-volumes',
        type: 'bool',
        help: 'With --export: leave out the contents of volumes',
      },
      keep: { ...sharedFlags.keep, help: 'Keep the log and the statistics of CRIU' },
      latest: sharedFlags.latest,
      leaveRunning: {
        long: 'leave-running',
        short: 'R',
        type: 'bool',
        help: 'The container goes on afterwards',
      },
      preCheckpoint: {
        long: 'pre-checkpoint',
        short: 'P',
        type: 'bool',
        help: 'Only write its memory, for a quicker checkpoint --with-previous later; the container goes on',
      },
      printStats: sharedFlags.printStats,
      tcpEstablished: sharedFlags.tcpEstablished,
      withPrevious: {
        long: 'with-previous',
        type: 'bool',
        help: 'Write only what has changed since the pre-checkpoint',
      },
    },
    load: () => import('../container/checkpoint.ts'),
  },
  {
    paths: ['container restore'],
    summary: 'Continue containers from their checkpoints',
    description:
      'From the checkpoint in the store, from an archive of --export, also one of another machine, or from an image of --create-image. A container that is restored from an archive or image has its old id and name, unless --name gives it another.',
    examples: [
      'container restore web',
      'container restore --import web.tar.zst --name web2',
      'container restore registry.example.org/web-checkpoint',
    ],
    arguments: {
      usage: 'CONTAINER|IMAGE [CONTAINER|IMAGE...]',
      min: 0,
      max: MANY,
      complete: 'containers',
    },
    flags: {
      all: allFlag('Restore all containers that have ended with a checkpoint'),
      fileLocks: sharedFlags.fileLocks,
      ignoreRootfs: {
        long: 'ignore-rootfs',
        type: 'bool',
        help: 'From an archive or image: leave the root file system as the image has it',
      },
      ignoreStaticIp: {
        long: 'ignore-static-ip',
        type: 'bool',
        help: 'It need not get the address that it had',
      },
      ignoreStaticMac: {
        long: 'ignore-static-mac',
        type: 'bool',
        help: 'It need not get the hardware address that it had',
      },
      ignoreVolumes: {
        long: 'ignore-volumes',
        type: 'bool',
        help: 'From an archive or image: leave volumes as they are here',
      },
      import: {
        long: 'import',
        short: 'i',
        type: 'string',
        placeholder: 'file',
        help: 'Restore from this archive',
        complete: 'files',
      },
      importPrevious: {
        long: 'import-previous',
        type: 'string',
        placeholder: 'file',
        help: 'Archive of the pre-checkpoint that the archive builds on',
        complete: 'files',
      },
      keep: sharedFlags.keep,
      latest: sharedFlags.latest,
      name: {
        long: 'name',
        short: 'n',
        type: 'string',
        placeholder: 'name',
        help: 'From an archive or image: give it this name, and a new id',
        complete: 'none',
      },
      pod: {
        long: 'pod',
        type: 'string',
        placeholder: 'name',
        help: 'From an archive or image: make it a part of this pod',
        complete: 'pods',
      },
      printStats: sharedFlags.printStats,
      publish: {
        long: 'publish',
        short: 'p',
        type: 'stringSlice',
        placeholder: 'port',
        help: 'From an archive or image: publish these ports instead of those that it had',
        complete: 'none',
      },
      tcpClose: {
        long: 'tcp-close',
        type: 'bool',
        help: 'Its TCP connections are closed',
      },
      tcpEstablished: sharedFlags.tcpEstablished,
    },
    load: () => import('../container/restore.ts'),
  },
];
