import type { RuntimeConfig } from './containers-conf.ts';
import { TspodError, UsageError } from './errors.ts';

/**
 * Runs what uses a value of containers.conf; an error of it then names key and file, since its own words are those for a flag that nobody
 * has given. What nobody configured fails in its own words.
 */
export function blamingConf<T>(config: Pick<RuntimeConfig, 'origin'>, name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const file = config.origin[name];
    if (file === undefined || !(error instanceof TspodError)) throw error;
    throw new UsageError(`${file}: ${name}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
