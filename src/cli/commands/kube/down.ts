import type { CommandHandler } from '../../command.ts';
import { readKubeFiles } from './read-files.ts';
import { takeDown } from './take-down.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const text = await readKubeFiles(args);
  await takeDown(openEngine(), text, flags['force'] === true);
  return 0;
};
