import type { CommandRecord } from '../../command.ts';
import { imageChoiceFlags } from '../../flags/create-image.ts';

const { authfile, tlsVerify } = imageChoiceFlags;

export const autoUpdateRecords: readonly CommandRecord[] = [
  {
    paths: ['auto-update'],
    summary: 'Restart services whose container has a new image',
    description:
      'Looks at running containers that a unit of systemd has made and that have the label io.containers.autoupdate: with registry, an image that has changed in its registry is pulled; with local, the one that has its name here now counts. The unit is restarted; when it does not start, the old image gets its name back and it is restarted again.',
    examples: ['auto-update --dry-run', 'auto-update --format json'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      authfile,
      dryRun: { long: 'dry-run', type: 'bool', help: 'Only tell what would be updated' },
      format: {
        long: 'format',
        type: 'string',
        placeholder: 'template',
        help: 'Print with a template, or as json',
        complete: ['json'],
      },
      rollback: {
        long: 'rollback',
        type: 'bool',
        default: true,
        help: 'Go back to the old image when the unit does not start with the new one',
      },
      tlsVerify,
    },
    load: () => import('../system/auto-update.ts'),
  },
];
