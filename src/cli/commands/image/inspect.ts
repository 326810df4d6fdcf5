import { inspectAny } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { imageTemplateData } from './image-template.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const platform = input.flags['platform'] as string | undefined;
  return printInspected(input.args, input, {
    find: (name) => inspectAny(engine, name, { type: 'image', size: false, platform }),
    templateData: imageTemplateData,
  });
};
