import { inspectAny, inspectMemo } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { namesToInspect } from './names-to-inspect.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const size = input.flags['size'] === true;
  const memo = inspectMemo();
  return printInspected(namesToInspect(engine, input), input, {
    find: (name) => inspectAny(engine, name, { type: 'container', size, memo }),
    templateData: async (document) =>
      (await import('./container-template.ts')).containerTemplateData(document),
  });
};
