import { UsageError } from '../../../base/errors.ts';
import { startContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';
import { selectContainers } from './select-containers.ts';
import { attachToRunning } from './attach-to-running.ts';
import { startAndAttach } from './start-and-attach.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const { flags } = input;
  if (flags['checkpoint'] !== undefined || flags['checkpointDir'] !== undefined)
    return await (await import('./start-checkpoint.ts')).startCheckpoint(engine, input);
  const attached = flags['attach'] === true || flags['interactive'] === true;
  if (!attached) {
    if (flags['sigProxy'] === true) throw new UsageError('you cannot use sig-proxy without --attach');
    return await forEachContainer(
      engine,
      input,
      async (record) => {
        const started = await startContainer(engine, record.id);
        started.monitor?.close();
      },
      { all: (record) => record.state !== 'running' },
    );
  }
  const [selected, ...more] = await selectContainers(engine, input);
  if (more.length > 0) throw new UsageError('you cannot start and attach multiple containers at once');
  if (selected === undefined) throw new UsageError('start requires at least one argument');
  if ('error' in selected) throw selected.error;
  const { record } = selected;
  const streams = { ...flags, attach: undefined, noStdin: flags['interactive'] !== true };
  if (record.state === 'running') return await attachToRunning(engine, record, streams);
  return await startAndAttach(engine, record, streams);
};
