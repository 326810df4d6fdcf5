import { writeFileSync } from 'node:fs';
import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { completionScript, SHELLS } from '../../generate-completions.ts';
import { print } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }) => {
  const shell = SHELLS.find((each) => each === args[0]);
  if (shell === undefined) {
    throw new UsageError(
      `there is no completion for ${JSON.stringify(args[0])}: choose from ${SHELLS.join(', ')}`,
    );
  }
  const script = completionScript(shell, flags['noDesc'] !== true);
  const file = flags['file'] as string | undefined;
  if (file === undefined || file === '') print(script);
  else writeFileSync(file, script);
  return 0;
};
