import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';

/** Longer than a timer of Node can run. */
const LONGEST_IDLE = 2_000_000;

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const idleSeconds = Number(flags['time'] ?? engine.config.engine.serviceTimeout);
  if (!Number.isInteger(idleSeconds) || idleSeconds < 0 || idleSeconds > LONGEST_IDLE)
    throw new UsageError(
      `invalid --time ${idleSeconds}: must be a number of seconds from 0 to ${LONGEST_IDLE}`,
    );
  const { runService } = await import('../../../api/server.ts');
  await runService(engine, { uri: args[0], idleSeconds });
  return 0;
};
