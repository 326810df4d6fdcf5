import { NotFoundError } from '../../../base/errors.ts';
import { removeManifestList } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  await forEachObject(args, async (name) => {
    try {
      const list = removeManifestList(engine, name);
      for (const each of list.names) printLine(`Untagged: ${each}`);
      printLine(`Deleted: ${list.id}`);
    } catch (error) {
      if (!(error instanceof NotFoundError) || flags['ignore'] !== true) throw error;
    }
  });
  return 0;
};
