import { installQuadlets } from '../../../engine/install-quadlets.ts';
import { readSources } from '../../../engine/quadlet-sources.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

/** Nothing is written unless all of it can be read. */
export const run: CommandHandler = async (input) => {
  const paths = await installQuadlets(await readSources(input.args), {
    replace: input.flags['replace'] === true,
    reloadSystemd: input.flags['reloadSystemd'] !== false,
  });
  for (const path of paths) printLine(path);
  return 0;
};
