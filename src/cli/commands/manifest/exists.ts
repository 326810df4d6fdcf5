import { lookUpManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) =>
  lookUpManifestList(openEngine(), args[0] ?? '') === undefined ? 1 : 0;
