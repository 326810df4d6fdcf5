import { systemMigrate } from '../../../engine/system-migrate.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printError } from '../../output/print.ts';

const EXIT_NOT_ALL_DONE = 125;

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const { stopped, troubles } = await systemMigrate(openEngine(), {
    newRuntime: flags['newRuntime'] as string | undefined,
  });
  for (const id of stopped) print(`stopped ${id}`);
  for (const trouble of troubles) printError(`Error: ${trouble}`);
  return troubles.length === 0 ? 0 : EXIT_NOT_ALL_DONE;
};
