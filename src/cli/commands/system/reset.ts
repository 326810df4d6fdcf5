import { systemReset } from '../../../engine/system-reset.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printError } from '../../output/print.ts';

const EXIT_NOT_ALL_DONE = 125;

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const engine = openEngine();
  if (flags['force'] !== true) {
    print(`WARNING! This will remove:
        - all containers
        - all images
        - all volumes
        - all networks made with tspod
        - the graphRoot directory: ${JSON.stringify(engine.paths.graphRoot)}
        - the runRoot directory: ${JSON.stringify(engine.paths.runRoot)}
`);
    if (!confirm('Are you sure you want to continue? [y/N] ')) return 0;
  }
  const troubles = await systemReset(engine);
  for (const trouble of troubles) printError(`Error: ${trouble}`);
  return troubles.length === 0 ? 0 : EXIT_NOT_ALL_DONE;
};
