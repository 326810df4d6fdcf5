import { parseDuration } from '../../../base/durations.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { RegistryAccess } from '../../../engine/push-image.ts';
import type { FlagValues } from '../../flag.ts';

/** What the flags of `registryFlags` say; how often to try again, else containers.conf of an engine. */
export function registryAccess(flags: FlagValues, engine?: Engine): RegistryAccess {
  const text = (name: string): string | undefined => flags[name] as string | undefined;
  const attempts = (flags['retry'] as number | undefined) ?? engine?.config.engine.retry;
  const delay = text('retryDelay') ?? engine?.config.engine.retryDelay;
  return {
    authfile: text('authfile'),
    creds: text('creds'),
    certDir: text('certDir'),
    signaturePolicy: text('signaturePolicy'),
    tlsVerify: flags['insecure'] === true ? false : (flags['tlsVerify'] as boolean | undefined),
    ...(attempts === undefined && delay === undefined ? {} : { retry: retryPolicy(attempts, delay) }),
  };
}

const DEFAULT_RETRIES = 3;
const DEFAULT_DELAY = '1s';

/** podman counts what comes after the first attempt. */
function retryPolicy(retries = DEFAULT_RETRIES, delay = DEFAULT_DELAY): NonNullable<RegistryAccess['retry']> {
  return { attempts: retries + 1, delayMs: parseDuration(delay, '--retry-delay') / 1e6 };
}
