import { RegistryAuthError } from '../base/errors.ts';
import type { Credentials } from './auth-file.ts';
import { readText } from './bounded-body.ts';
import { endpointsFor } from './endpoints.ts';
import type { RegistryAccess } from './push-options.ts';
import { readRegistriesConf } from './registries-conf.ts';
import { openRegistry } from './registry-client.ts';

export interface LoginCheck {
  /** `host[:port][/namespace]` */
  registry: string;
  credentials: Credentials;
  access: RegistryAccess;
  env?: NodeJS.ProcessEnv | undefined;
  signal?: AbortSignal | undefined;
}

const LONGEST_ANSWER = 1024 * 1024;

/** Shows the credentials to the registry; RegistryAuthError when it does not take them. */
export async function checkLogin(check: LoginCheck): Promise<void> {
  const { registry, credentials, access, signal } = check;
  const slash = registry.indexOf('/');
  const domain = slash === -1 ? registry : registry.slice(0, slash);
  const path = slash === -1 ? 'login' : registry.slice(slash + 1);
  const conf = await readRegistriesConf(check.env);
  const reference = { domain, path, tag: undefined, digest: undefined };
  const endpoint = endpointsFor(conf, reference, access.tlsVerify).at(-1);
  if (endpoint === undefined) throw new Error('no endpoint');
  const { certDir, retry, timeouts } = access;
  const options = { endpoint, credentials, certDir, retry, timeouts, access: 'login' as const };
  try {
    const client = await openRegistry(options, signal);
    try {
      const target = new URL(`${client.origin}/v2/`);
      const answer = await client.send({ target, accept: [200], what: `logging into ${registry}`, signal });
      await readText(answer.body, LONGEST_ANSWER, `answer of ${registry}`);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!(error instanceof RegistryAuthError)) throw error;
    throw new RegistryAuthError(`logging into ${JSON.stringify(registry)}: invalid username/password`, {
      status: error.status,
      cause: error,
    });
  }
}
