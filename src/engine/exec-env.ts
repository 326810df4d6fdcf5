import { originalEnvironment } from '../rootless/original-environment.ts';
import { readSettingsFile } from '../specgen/env-file.ts';
import { currentDirectory } from './current-directory.ts';
import { putSetting } from '../specgen/env.ts';

/** `KEY=value` lines from --env and --env-file of exec, by the rules of run: `KEY` and `KEY*` take from the caller's environment. */
export function execEnv(env: readonly string[], envFiles: readonly string[]): string[] {
  const result = new Map<string, string>();
  const context = { hostEnv: originalEnvironment() };
  for (const file of envFiles) {
    for (const { text, where } of readSettingsFile(file, 'environment', currentDirectory())) {
      putSetting({ env: result, text, where: `environment file ${where}`, context });
    }
  }
  for (const text of env) putSetting({ env: result, text, where: undefined, context });
  return [...result].map(([key, value]) => `${key}=${value}`);
}
