import { removeNetwork } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const time = flags['time'];
  // docker's --force only forgives a network that is not there.
  const options = {
    force: flags['force'] === true,
    keepContainers: asDocker,
    timeout: typeof time === 'number' && time >= 0 ? time : undefined,
  };
  await forEachObject(args, async (name) => {
    const removed = await removeNetwork(engine, name, options);
    if (removed !== undefined) printLine(name);
  });
  return 0;
};
