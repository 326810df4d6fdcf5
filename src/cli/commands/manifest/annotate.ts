import { UsageError } from '../../../base/errors.ts';
import { annotateManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { annotationsIn, platformIn } from './list-flags.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [name = '', image] = args;
  const isAboutIndex = flags['index'] === true;
  const platform = platformIn(flags);
  if (isAboutIndex && (image !== undefined || Object.keys(platform).length > 0))
    throw new UsageError('--index is about the list: it takes no image and no platform');
  if (!isAboutIndex && image === undefined) throw new UsageError('name an image of the list, or use --index');
  const subject = flags['subject'] as string | undefined;
  if (subject !== undefined && !isAboutIndex)
    throw new UsageError('--subject is about the list: use --index');
  const wish = { annotations: annotationsIn(flags), platform, subject };
  const list = await annotateManifestList(openEngine(), name, isAboutIndex ? undefined : image, wish);
  printLine(list.id);
  return 0;
};
