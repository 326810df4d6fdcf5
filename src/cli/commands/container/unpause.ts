import { unpauseContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  return await forEachContainer(engine, input, (record) => unpauseContainer(engine, record.id), {
    all: (record) => record.state === 'paused',
  });
};
