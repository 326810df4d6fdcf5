import type { CommandHandler } from '../../command.ts';

/** Opens the state, so that what is wrong with it is told here as everywhere. */
export const run: CommandHandler = async (_input, openEngine) => {
  openEngine().db.prepare('SELECT count(*) FROM volumes').get();
  return 0;
};
