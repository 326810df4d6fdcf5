import { findContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async (input, openEngine) =>
  findContainer(openEngine().db, input.args[0] ?? '') === undefined ? 1 : 0;
