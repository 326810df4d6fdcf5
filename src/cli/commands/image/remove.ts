import { UsageError } from '../../../base/errors.ts';
import { everyImage, familiarName, removeImages } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';
import { print } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const all = flags['all'] === true;
  if (args.length === 0 && !all) throw new UsageError('image name or ID must be specified');
  if (args.length > 0 && all)
    throw new UsageError('when using the --all switch, you may not pass any images names or IDs');
  const engine = openEngine();
  const options = {
    force: flags['force'] === true,
    ignore: flags['ignore'] === true,
    platforms: flags['platform'] as string[] | undefined,
  };
  const report = await removeImages(engine, all ? everyImage(engine) : args, options);
  const prefix = asDocker ? 'sha256:' : '';
  print(report.untagged.map((name) => `Untagged: ${asDocker ? familiarName(name) : name}\n`).join(''));
  print(report.deleted.map((id) => `Deleted: ${prefix}${id}\n`).join(''));
  if (report.errors.length > 0) throw new AggregateError(report.errors);
  return 0;
};
