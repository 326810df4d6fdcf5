import { findSecret } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) =>
  findSecret(openEngine().db, args[0] ?? '') === undefined ? 1 : 0;
