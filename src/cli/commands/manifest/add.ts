import { addToManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { registryAccess } from '../image/registry-access.ts';
import { annotationsIn, platformIn } from './list-flags.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [name = '', ...images] = args;
  const engine = openEngine();
  const options = {
    ...registryAccess(flags, engine),
    all: flags['all'] === true,
    annotations: annotationsIn(flags),
    platform: platformIn(flags),
  };
  let id = '';
  for (const image of images) ({ id } = await addToManifestList(engine, name, image, options));
  printLine(id);
  return 0;
};
