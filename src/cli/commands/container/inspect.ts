import { inspectAny } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { containerTemplateData } from './container-template.ts';
import { namesToInspect } from './names-to-inspect.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const size = input.flags['size'] === true;
  return printInspected(namesToInspect(engine, input), input, {
    find: (name) => inspectAny(engine, name, { type: 'container', size }),
    templateData: containerTemplateData,
  });
};
