import { UsageError, WrongStateError } from '../../../base/errors.ts';
import { settleQuietly } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { attachToRunning } from './attach-to-running.ts';
import { selectContainers } from './select-containers.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const [selected] = await selectContainers(engine, input);
  if (selected === undefined) throw new UsageError('attach requires the name or id of one running container');
  if ('error' in selected) throw selected.error;
  const record = await settleQuietly(engine, selected.record);
  if (record?.state !== 'running') throw new WrongStateError('you can only attach to running containers');
  return await attachToRunning(engine, record, input.flags);
};
