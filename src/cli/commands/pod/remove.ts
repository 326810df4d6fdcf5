import { UsageError } from '../../../base/errors.ts';
import { removePod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { stopTimeout } from '../container/stop-timeout.ts';
import { forEachPod } from './for-each-pod.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const force = flags['force'] === true;
  const timeout = stopTimeout(flags['time']);
  if (timeout !== undefined && !force)
    throw new UsageError('--force option must be specified to use the --time option');
  const engine = openEngine();
  return await forEachPod(engine, input, {
    work: async (pod) => {
      await removePod(engine, pod.id, { force, ...(timeout === undefined ? {} : { stopTimeout: timeout }) });
      return [];
    },
    print: 'id',
    evenDamaged: true,
    ignoreMissing: force || flags['ignore'] === true,
    removeIdFiles: true,
  });
};
