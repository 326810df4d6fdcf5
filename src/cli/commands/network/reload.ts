import { reloadNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from '../container/for-each-container.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  return await forEachContainer(engine, input, (record) => reloadNetwork(engine, record.id), {
    all: ({ state, spec }) => state === 'running' && spec.network.mode.mode === 'bridge',
  });
};
