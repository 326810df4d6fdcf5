import { parseSignal } from '../../../base/signals.ts';
import { killPod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachPod } from './for-each-pod.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const signal = parseSignal(String(input.flags['signal'] ?? 'KILL'));
  const engine = openEngine();
  return await forEachPod(engine, input, {
    work: (pod) => killPod(engine, pod.id, signal),
    print: 'id',
    evenDamaged: true,
  });
};
