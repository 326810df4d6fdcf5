import { resolve } from 'node:path';
import { UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { startFromCheckpoint } from '../../../engine/named-checkpoints.ts';
import type { CommandInput } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';
import { selectContainers } from './select-containers.ts';

/** `start --checkpoint`. */
export async function startCheckpoint(engine: Engine, input: CommandInput): Promise<number> {
  const { flags } = input;
  const name = flags['checkpoint'] as string | undefined;
  if (name === undefined) throw new UsageError('--checkpoint-dir needs --checkpoint');
  for (const other of ['attach', 'interactive'])
    if (flags[other] === true)
      throw new UsageError(`--checkpoint and --${other} cannot be used together: attach to it afterwards`);
  if ((await selectContainers(engine, input)).length > 1)
    throw new UsageError('you cannot start multiple containers from a checkpoint at once');
  const directory = flags['checkpointDir'] as string | undefined;
  return await forEachContainer(engine, input, (record) =>
    startFromCheckpoint(engine, record, {
      name,
      directory: directory === undefined ? undefined : resolve(directory),
    }),
  );
}
