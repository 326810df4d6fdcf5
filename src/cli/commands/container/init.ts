import { startContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  return await forEachContainer(
    engine,
    input,
    async (record) => void (await startContainer(engine, record.id, { initOnly: true })),
    { all: (record) => record.state === 'created' || record.state === 'exited' },
  );
};
