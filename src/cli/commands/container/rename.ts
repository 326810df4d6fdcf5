import { renameContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const [container = '', name = ''] = input.args;
  await renameContainer(openEngine(), container, name.replace(/^\//, ''));
  return 0;
};
