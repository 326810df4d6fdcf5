import { stopPod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { stopTimeout } from '../container/stop-timeout.ts';
import { forEachPod } from './for-each-pod.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const timeout = stopTimeout(input.flags['time']);
  return await forEachPod(engine, input, {
    work: (pod) => stopPod(engine, pod.id, timeout === undefined ? {} : { timeout }),
    print: 'name',
    evenDamaged: true,
    ignoreMissing: input.flags['ignore'] === true,
  });
};
