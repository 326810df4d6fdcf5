import { RegistryAuthError, UsageError } from '../../../base/errors.ts';
import { logout, logoutEverywhere } from '../../../engine/registry-login.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { loginFile, registryFrom } from './login.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const file = loginFile(flags);
  if (flags['all'] === true) {
    if (args.length > 0) throw new UsageError('--all takes no arguments');
    await logoutEverywhere(engine, file);
    printLine('Removed login credentials for all registries');
    return 0;
  }
  const registry = await registryFrom(engine, args[0]);
  try {
    await logout(engine, registry, file);
  } catch (error) {
    if (!asDocker || !(error instanceof RegistryAuthError)) throw error;
    printLine(`Not logged in to ${registry}`);
    return 0;
  }
  printLine(`Removed login credentials for ${registry}`);
  return 0;
};
