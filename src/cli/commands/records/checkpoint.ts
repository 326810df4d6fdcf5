import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';

const load = () => import('../checkpoint/checkpoint.ts');

const checkpointDir: FlagRecord = {
  long: 'checkpoint-dir',
  type: 'string',
  placeholder: 'directory',
  help: 'Where checkpoints are kept, unless with the container',
  complete: 'directories',
};

/** docker's, of which a container may have many. Those of podman are below `container`. */
export const checkpointRecords: readonly CommandRecord[] = [
  {
    paths: ['checkpoint create'],
    summary: 'Keep the running processes of a container under a name',
    description:
      'The container ends with that, unless --leave-running is given; `start --checkpoint` goes on from there, as often as you like. What it needs is told in docs/checkpoints.md.',
    examples: ['checkpoint create web before', 'checkpoint create --leave-running web before'],
    arguments: { usage: 'CONTAINER CHECKPOINT', min: 2, max: 2, complete: ['running-containers', 'none'] },
    flags: {
      checkpointDir,
      leaveRunning: { long: 'leave-running', type: 'bool', help: 'The container runs on' },
    },
    load,
  },
  {
    paths: ['checkpoint ls', 'checkpoint list'],
    summary: 'List the checkpoints of a container that have a name',
    examples: ['checkpoint ls web'],
    arguments: { usage: 'CONTAINER', min: 1, max: 1, complete: 'containers' },
    flags: { checkpointDir },
    load,
  },
  {
    paths: ['checkpoint rm', 'checkpoint remove'],
    summary: 'Remove a checkpoint of a container',
    examples: ['checkpoint rm web before'],
    arguments: { usage: 'CONTAINER CHECKPOINT', min: 2, max: 2, complete: ['containers', 'none'] },
    flags: { checkpointDir },
    exits: { NotFoundError: 1 },
    load,
  },
];
