import { inspectAny } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import { asTemplateData } from '../../output/inspected-data.ts';
import { networkTemplateData } from './network-row.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  return printInspected(input.args, input, {
    find: (name) => inspectAny(engine, name, { type: 'network', size: false }),
    templateData: input.asDocker ? asTemplateData : networkTemplateData,
  });
};
