import { findComposeProvider, runCompose } from '../../../engine/compose.ts';
import type { CommandHandler } from '../../command.ts';
import { printError } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, asDocker }, openEngine) => {
  const provider = findComposeProvider();
  if (!asDocker && process.stderr.isTTY) printError(`>>>> running the compose provider ${provider} <<<<`);
  return await runCompose(openEngine(), provider, args);
};
