import { imageLayers, imageTreeText, layersAbove } from '../../../engine/image-layers.ts';
import type { CommandHandler } from '../../command.ts';
import { print } from '../../output/print.ts';

/** podman's picture of the layers of an image. */
export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const find = flags['whatrequires'] === true ? layersAbove : imageLayers;
  print(imageTreeText(await find(openEngine(), args[0] ?? '')));
  return 0;
};
