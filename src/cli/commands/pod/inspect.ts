import { UsageError } from '../../../base/errors.ts';
import { inspectPod } from '../../../engine/inspect-pod.ts';
import { getLatestPod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { podTemplateData } from './pod-row.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { args, flags } = input;
  const latest = flags['latest'] === true;
  if (latest && args.length > 0) throw new UsageError('--latest and arguments cannot be used together');
  if (!latest && args.length === 0) throw new UsageError('no names or ids specified');
  const engine = openEngine();
  const names = latest ? [(await getLatestPod(engine)).id] : args;
  return printInspected(names, input, {
    find: (name) => inspectPod(engine, name),
    templateData: podTemplateData,
  });
};
