import { parseSignal } from '../../../base/signals.ts';
import { stopContainer } from '../../../engine/containers.ts';
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
    (record) =>
      stopContainer(engine, record.id, {
        ...(timeout === undefined ? {} : { timeout }),
        ...(typeof signal === 'string' ? { signal: parseSignal(signal) } : {}),
      }),
    {
      all: (record) => record.state === 'running',
      ignoreMissing: input.flags['ignore'] === true,
      evenDamaged: true,
      atOnce: ENDED_AT_ONCE,
    },
  );
};
