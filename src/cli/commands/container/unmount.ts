import { checkMountsAreSeen, listUserMounts, unmountForUser } from '../../../engine/user-mounts.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

export const run: CommandHandler = async (input, openEngine) => {
  checkMountsAreSeen('unmount');
  const engine = openEngine();
  const mounted = new Set(input.flags['all'] === true ? listUserMounts(engine).map(({ id }) => id) : []);
  return await forEachContainer(engine, input, (record) => unmountForUser(engine, record.id), {
    all: ({ id }) => mounted.has(id),
  });
};
