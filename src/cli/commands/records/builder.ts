import type { CommandRecord } from '../../command.ts';

/** What remains of builds for the next ones. */
export const builderRecords: readonly CommandRecord[] = [
  {
    paths: ['builder prune', 'buildx prune'],
    summary: 'Remove what builds have kept for the next ones',
    description:
      'Removes results of steps that no image has. With --all also the others (images keep their layers) and the directories of RUN --mount=type=cache.',
    examples: [
      'builder prune',
      'builder prune --all --force',
      'builder prune --filter until=24h',
      'builder prune --all --keep-storage 2g',
    ],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      all: {
        long: 'all',
        short: 'a',
        type: 'bool',
        help: 'Also steps that images share, and directories of cache mounts',
      },
      filter: {
        long: 'filter',
        type: 'stringArray',
        placeholder: 'filter',
        help: 'Only what was last used before a time: until=24h',
      },
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
      keepStorage: {
        long: 'keep-storage',
        aliases: ['reserved-space'],
        type: 'bytes',
        placeholder: 'size',
        help: 'Keep what was used last, up to this size',
      },
      maxUsedSpace: {
        long: 'max-used-space',
        type: 'bytes',
        placeholder: 'size',
        help: 'Remove no more than it takes to get below this size',
      },
      minFreeSpace: {
        long: 'min-free-space',
        type: 'bytes',
        placeholder: 'size',
        help: 'Remove no more than it takes for so much of the disk to be free',
      },
    },
    load: () => import('../builder/prune.ts'),
  },
];
