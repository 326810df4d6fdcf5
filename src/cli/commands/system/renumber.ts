import type { CommandHandler } from '../../command.ts';

/** There is nothing to do: see the record. */
export const run: CommandHandler = async () => 0;
