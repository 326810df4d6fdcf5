import type { CommandHandler } from '../../command.ts';
import { helpFor } from '../../help.ts';
import { printLine } from '../../output/print.ts';
import { programName } from '../../program-name.ts';

export const run: CommandHandler = async ({ args }) => {
  // The table imports the records, which name this file: by import() there is no cycle at load time.
  const { commands } = await import('../index.ts');
  printLine(helpFor(args, commands, programName()));
  return 0;
};
