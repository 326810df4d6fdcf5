import type { CommandRecord } from '../../command.ts';
import { selectionFlags } from '../../flags/container.ts';

export const healthcheckRecords: readonly CommandRecord[] = [
  {
    paths: ['healthcheck run'],
    summary: 'Check the health of a container now',
    description:
      'Exits 0 when the check succeeds, and 1, with the state of health on stdout, when it fails. The result counts like that of any other check.',
    examples: ['healthcheck run web', 'healthcheck run web && echo fine'],
    arguments: { usage: 'CONTAINER', min: 0, max: 1, complete: 'running-containers' },
    flags: {
      ignoreResult: { long: 'ignore-result', type: 'bool', help: 'Exit 0 whatever the check says' },
      latest: selectionFlags.latest,
    },
    load: () => import('../healthcheck/run.ts'),
  },
];
