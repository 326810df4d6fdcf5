import { UsageError } from '../../../base/errors.ts';
import { listMountedImages, unmountImage } from '../../../engine/image-mounts.ts';
import { findImage } from '../../../engine/images.ts';
import { checkMountsAreSeen } from '../../../engine/user-mounts.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const all = flags['all'] === true;
  if (all && args.length > 0)
    throw new UsageError('when using the --all switch, you may not pass any image names or IDs');
  if (!all && args.length === 0) throw new UsageError('image name or ID must be specified');
  checkMountsAreSeen('image unmount');
  const engine = openEngine();
  const force = flags['force'] === true;
  const names = all ? listMountedImages(engine).map(({ image }) => image.id) : args;
  await forEachObject(names, async (name) => {
    const { image } = await findImage(engine, name);
    if (await unmountImage(engine, image.id, { force })) printLine(image.id);
  });
  return 0;
};
