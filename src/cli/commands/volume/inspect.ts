import { UsageError } from '../../../base/errors.ts';
import { inspectAny } from '../../../engine/inspect-any.ts';
import { listVolumes } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { volumeTemplateData } from './volume-row.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { args, flags } = input;
  const all = flags['all'] === true;
  if (all === args.length > 0)
    throw new UsageError(
      all
        ? '--all and volumes by name cannot be used together'
        : 'you must provide at least one name, or --all',
    );
  const engine = openEngine();
  const names = all ? listVolumes(engine, []).map(({ volume }) => volume.name) : args;
  return printInspected(names, input, {
    find: (name) => inspectAny(engine, name, { type: 'volume', size: false }),
    templateData: volumeTemplateData,
  });
};
