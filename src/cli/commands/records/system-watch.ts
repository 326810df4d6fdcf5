import type { CommandRecord } from '../../command.ts';
import { allFlag, selectionFlags } from '../../flags/container.ts';
import { listingFlags } from '../../flags/listing.ts';

/** Commands that show what goes on. */
export const systemWatchRecords: readonly CommandRecord[] = [
  {
    paths: ['stats', 'container stats'],
    summary: 'Show the CPU, memory, network and disk use of containers',
    description:
      'Of all running containers without names. Goes on until it is stopped; on a terminal as one table that is kept up to date. Where containers have no cgroup of their own, as those of many users, what their processes use is added up.',
    examples: ['stats', 'stats --no-stream web db', 'stats --no-stream --format json'],
    arguments: {
      usage: '[CONTAINER...]',
      min: 0,
      max: Number.POSITIVE_INFINITY,
      complete: 'running-containers',
    },
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
      latest: selectionFlags.latest,
      noReset: { long: 'no-reset', type: 'bool', help: 'Print one table below the other' },
      noStream: { long: 'no-stream', type: 'bool', help: 'Print once and end' },
      noTrunc: listingFlags.noTrunc,
    },
    load: () => import('../container/stats.ts'),
  },
  {
    paths: ['events', 'system events'],
    summary: 'Show what happens to containers, images, volumes and networks',
    description:
      'Goes on until it is stopped, or until the time of --until. What happened earlier is shown with --since, or with --stream=false.',
    examples: [
      'events',
      'events --since 10m --filter event=died',
      'events --stream=false --filter container=web --format json',
    ],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: listingFlags.filter,
      format: { ...listingFlags.format, complete: ['json'] },
      noTrunc: { long: 'no-trunc', type: 'bool', default: true, help: 'Show whole ids' },
      since: {
        long: 'since',
        type: 'string',
        placeholder: 'time',
        help: 'Show what has happened since this time as well: a date, a unix time or a duration before now',
      },
      stream: {
        long: 'stream',
        type: 'bool',
        default: true,
        help: 'Go on and show what happens; without it, end after what has happened',
      },
      until: { long: 'until', type: 'string', placeholder: 'time', help: 'End at this time' },
    },
    load: () => import('../system/events.ts'),
  },
];
