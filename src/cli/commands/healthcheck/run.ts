import { latestContainer, runHealthcheck } from '../../../engine/containers.ts';
import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

/** Prints only what is not healthy, as podman does: `starting` where the failure does not count yet. */
export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const latest = input.flags['latest'] === true;
  const [container] = input.args;
  if (latest === (container !== undefined))
    throw new UsageError('give the name of one container, or --latest');
  const { entry, health } = await runHealthcheck(engine, container ?? latestContainer(engine.db).id);
  if (entry.ExitCode === 0) return 0;
  printLine(health.Status === 'starting' && health.FailingStreak === 0 ? 'starting' : 'unhealthy');
  return input.flags['ignoreResult'] === true ? 0 : 1;
};
