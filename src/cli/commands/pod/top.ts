import { UsageError } from '../../../base/errors.ts';
import { topPod } from '../../../engine/pod-top.ts';
import { getLatestPod, getPodByName } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { printTop } from '../container/top.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const latest = flags['latest'] === true;
  const [name] = args;
  if (!latest && name === undefined) throw new UsageError('you must provide the name or id of a running pod');
  const engine = openEngine();
  const pod = latest || name === undefined ? await getLatestPod(engine) : await getPodByName(engine, name);
  printTop(await topPod(engine, pod, latest ? args : args.slice(1)));
  return 0;
};
