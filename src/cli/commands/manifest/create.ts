import { addToManifestList, createManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { registryAccess } from '../image/registry-access.ts';
import { annotationsIn } from './list-flags.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [name = '', ...images] = args;
  const engine = openEngine();
  const annotations = annotationsIn(flags);
  const list = createManifestList(engine, name, { amend: flags['amend'] === true, annotations });
  const options = { ...registryAccess(flags, engine), all: flags['all'] === true };
  for (const image of images) await addToManifestList(engine, list.id, image, options);
  printLine(asDocker ? `Created manifest list ${list.names[0] ?? list.id}` : list.id);
  return 0;
};
