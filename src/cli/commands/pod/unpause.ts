import { unpausePod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachPod } from './for-each-pod.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  return await forEachPod(engine, input, { work: (pod) => unpausePod(engine, pod.id), print: 'id' });
};
