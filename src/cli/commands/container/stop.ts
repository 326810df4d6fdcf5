import { parseSignal } from '../../../base/signals.ts';
import { stopContainer, unpauseContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { ENDED_AT_ONCE, forEachContainer } from './for-each-container.ts';
import { stopTimeout } from './stop-timeout.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const { signal } = input.flags;
  const timeout = stopTimeout(input.flags['time']);
  return await forEachContainer(
    engine,
    input,
    async (record) => {
      // docker ends a paused container like any other.
      if (input.asDocker && record.state === 'paused') await unpauseContainer(engine, record.id);
      await stopContainer(engine, record.id, {
        ...(timeout === undefined ? {} : { timeout }),
        ...(typeof signal === 'string' ? { signal: parseSignal(signal) } : {}),
      });
    },
    {
      all: (record) => record.state === 'running',
      ignoreMissing: input.flags['ignore'] === true,
      evenDamaged: true,
      atOnce: ENDED_AT_ONCE,
    },
  );
};
