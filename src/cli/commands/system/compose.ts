import { findComposeProvider, runCompose } from '../../../engine/compose.ts';
import type { CommandHandler } from '../../command.ts';
import { printError } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, asDocker }, openEngine) => {
  const engine = openEngine();
  const { composeProviders, composeWarningLogs } = engine.config.engine;
  const provider = findComposeProvider(composeProviders);
  if (composeWarningLogs && !asDocker && process.stderr.isTTY)
    printError(`>>>> running the compose provider ${provider} <<<<`);
  return await runCompose(engine, provider, args);
};
