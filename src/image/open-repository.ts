import { findCredentials } from './auth-file.ts';
import type { Endpoint } from './endpoints.ts';
import type { RegistryAccess } from './push-options.ts';
import type { RegistriesConf } from './registries-conf.ts';
import { openRegistry, type RegistryClient, type RegistryOptions } from './registry-client.ts';

export interface RepositoryWish {
  endpoint: Endpoint;
  /** `domain/path` that credentials are looked up for. */
  credentialsFor: string;
  options: RegistryAccess;
  conf: RegistriesConf;
  env?: NodeJS.ProcessEnv | undefined;
  access?: RegistryOptions['access'];
  /** Paths of the same registry that blobs may be taken from. */
  alsoPullFrom?: readonly string[] | undefined;
}

/** A client for one repository with the credentials that options and files have for it; the caller closes it. */
export async function openRepository(wish: RepositoryWish, signal?: AbortSignal): Promise<RegistryClient> {
  const { endpoint, options, conf } = wish;
  const credentials = await findCredentials(wish.credentialsFor, {
    credentials: options.credentials,
    creds: options.creds,
    authfile: options.authfile,
    credentialHelpers: conf.credentialHelpers,
    env: wish.env,
  });
  const { certDir, retry, timeouts } = options;
  const { access, alsoPullFrom } = wish;
  return openRegistry({ endpoint, credentials, certDir, retry, timeouts, access, alsoPullFrom }, signal);
}
