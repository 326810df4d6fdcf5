import { removeFromManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args }, openEngine) => {
  const [name = '', image = ''] = args;
  printLine((await removeFromManifestList(openEngine(), name, image)).id);
  return 0;
};
