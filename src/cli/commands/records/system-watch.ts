import type { CommandRecord } from '../../command.ts';
import { listingFlags } from '../../flags/listing.ts';

/** Commands that show what goes on. */
export const systemWatchRecords: readonly CommandRecord[] = [
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
