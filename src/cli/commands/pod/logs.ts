import { NotFoundError, UsageError } from '../../../base/errors.ts';
import { lookAtPod } from '../../../engine/list-pods.ts';
import { getLatestPod, getPodByName } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { run as containerLogs } from '../container/logs.ts';

/** The logs of its containers, as `logs` shows those of several; the infra container says nothing. */
export const run: CommandHandler = async (input, openEngine) => {
  const { args, flags } = input;
  const latest = flags['latest'] === true;
  if (latest === args.length > 0) throw new UsageError('a pod must be specified, or --latest');
  const engine = openEngine();
  const pod = latest ? await getLatestPod(engine) : await getPodByName(engine, args[0] ?? '');
  const { containers } = await lookAtPod(engine, pod);
  const wanted = flags['container'];
  const chosen =
    typeof wanted === 'string'
      ? containers.filter(({ id, name }) => name === wanted || id === wanted)
      : containers.filter(({ spec }) => spec.podRole !== 'infra');
  if (typeof wanted === 'string' && chosen.length === 0)
    throw new NotFoundError('container', wanted, {
      message: `container ${wanted} is not in pod ${pod.name}: no such container`,
    });
  if (chosen.length === 0) return 0;
  const ids = chosen.map(({ id }) => id);
  return await containerLogs({ ...input, args: ids, flags: { ...flags, latest: false } }, () => engine);
};
