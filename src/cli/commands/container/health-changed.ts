import { healthChanged } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';

/** Run by the monitor, for a container that may be gone by now. */
export const run: CommandHandler = async (input, openEngine) => {
  const [id = '', status = ''] = input.args;
  await healthChanged(openEngine(), id, status);
  return 0;
};
