import {
  cleanupContainer,
  cleanupExec,
  removeContainer,
  restartByPolicy,
} from '../../../engine/containers.ts';
import { NotFoundError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { forEachContainer } from './for-each-container.ts';

/** Also the monitor's exit command: whatever has gone meanwhile is fine. */
export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const session = input.flags['exec'];
  if (typeof session === 'string') {
    cleanupExec(engine, input.args[0] ?? '', session);
    return 0;
  }
  try {
    return await forEachContainer(
      engine,
      input,
      async (record) => {
        const restart = input.flags['restart'];
        const restarts = input.flags['restarts'];
        if (typeof restart === 'number') return await restartByPolicy(engine, record.id, restart);
        const wait = await cleanupContainer(engine, record.id, { handOver: typeof restarts === 'number' });
        if (wait === undefined && record.spec.removeImage === true)
          await (await import('./remove-image-of.ts')).removeImageOf(engine, record);
        // The monitor reads it.
        if (wait !== undefined) printLine(`restart ${wait.milliseconds} ${wait.count}`);
        if (input.flags['rm'] === true) await removeContainer(engine, record.id, { volumes: true });
      },
      { ignoreMissing: true, evenDamaged: true },
    );
  } catch (error) {
    if (error instanceof NotFoundError) return 0;
    throw error;
  }
};
