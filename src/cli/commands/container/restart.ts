import { parseSignal } from '../../../base/signals.ts';
import { startContainer, stopContainer, unpauseContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';
import { stopTimeout } from './stop-timeout.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const { flags } = input;
  const timeout = stopTimeout(flags['time']);
  const onlyRunning = flags['running'] === true;
  const signal = flags['signal'];
  return await forEachContainer(
    engine,
    onlyRunning ? { ...input, flags: { ...flags, all: true } } : input,
    async (record) => {
      // docker ends a paused container like any other.
      if (input.asDocker && record.state === 'paused') await unpauseContainer(engine, record.id);
      await stopContainer(engine, record.id, {
        forRestart: true,
        ...(timeout === undefined ? {} : { timeout }),
        ...(typeof signal === 'string' ? { signal: parseSignal(signal) } : {}),
      });
      const started = await startContainer(engine, record.id, { restart: true });
      started.monitor?.close();
    },
    { all: (record) => !onlyRunning || record.state === 'running' },
  );
};
