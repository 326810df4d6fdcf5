import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RegistryAuthError, UsageError } from '../base/errors.ts';
import {
  authFiles,
  type Credentials,
  defaultAuthFile,
  dockerConfigFile,
  findCredentials,
} from '../image/auth-file.ts';
import type { AuthFilePlace } from '../image/auth-file-change.ts';
import type { RegistryAccess } from '../image/push-options.ts';
import type { Engine } from './engine.ts';
import { tlsVerifyFor } from './images.ts';

export type { Credentials } from '../image/auth-file.ts';

export interface LoginFile {
  authfile?: string | undefined;
  /** A file in docker's format; excludes `authfile`. */
  compatAuthFile?: string | undefined;
}

/** `docker.io` and its other names are one; a scheme is dropped. */
export function normaliseRegistry(text: string): string {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const [host = ''] = bare.split('/');
  if (host === '' || /[\s@]/.test(bare)) throw new UsageError(`invalid registry ${JSON.stringify(text)}`);
  return ['index.docker.io', 'registry-1.docker.io'].includes(host) || bare === 'docker.io/v1'
    ? 'docker.io'
    : bare;
}

/** The registry that is meant when none is named. */
export async function defaultRegistry(engine: Engine): Promise<string> {
  if (engine.options.asDocker === true) return 'docker.io';
  const { readRegistriesConf } = await import('../image/registries-conf.ts');
  const [first] = (await readRegistriesConf()).unqualifiedSearchRegistries;
  if (first !== undefined) return first;
  throw new UsageError('please provide a registry to log in to or out of', {
    hint: 'for example docker.io',
  });
}

/** What is known for the registry, wherever it comes from. */
export async function findLogin(registry: string, file: LoginFile): Promise<Credentials | undefined> {
  const { readRegistriesConf } = await import('../image/registries-conf.ts');
  const { credentialHelpers } = await readRegistriesConf();
  const authfile = namedFile(file);
  // A login will make it.
  if (authfile !== undefined && !existsSync(authfile)) return undefined;
  return findCredentials(registry, { authfile, credentialHelpers });
}

/** Checks the credentials with the registry. */
export async function checkLogin(
  engine: Engine,
  registry: string,
  credentials: Credentials,
  access: RegistryAccess,
): Promise<void> {
  const { checkLogin: check } = await import('../image/check-login.ts');
  const tlsVerify = tlsVerifyFor(engine, `${registry}/`, access);
  await check({ registry, credentials, access: { ...access, tlsVerify } });
}

/** Checks the credentials and stores them; returns the file. */
export async function login(
  engine: Engine,
  registry: string,
  credentials: Credentials,
  options: RegistryAccess & LoginFile,
): Promise<string> {
  await checkLogin(engine, registry, credentials, options);
  const { storeLogin } = await import('../image/auth-file-change.ts');
  const place = placeFor(engine, options);
  await storeLogin(place, registry, credentials);
  return place.file;
}

/** Throws RegistryAuthError when there is no login that is ours to remove. */
export async function logout(engine: Engine, registry: string, file: LoginFile): Promise<void> {
  const { hasLogin, removeLogin } = await import('../image/auth-file-change.ts');
  const place = placeFor(engine, file);
  if (await removeLogin(place, registry)) return;
  const other = otherFiles(file).find((one) => hasLogin(one, registry));
  throw new RegistryAuthError(
    `not logged into ${registry}`,
    other === undefined ? {} : { hint: `there is a login in ${other}: remove it with --authfile ${other}` },
  );
}

export async function logoutEverywhere(engine: Engine, file: LoginFile): Promise<void> {
  const { removeAllLogins } = await import('../image/auth-file-change.ts');
  await removeAllLogins(placeFor(engine, file));
}

/** The file that logins are written to. As docker, docker's own: its other tools look there. */
function placeFor(engine: Engine, { authfile, compatAuthFile }: LoginFile): AuthFilePlace {
  if (authfile !== undefined && compatAuthFile !== undefined)
    throw new UsageError('options authfile and compat-auth-file are mutually exclusive');
  const named = namedFile({ authfile });
  const asDocker = engine.options.asDocker === true && named === undefined;
  const file = compatAuthFile ?? named ?? (asDocker ? dockerConfigFile() : defaultAuthFile());
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16);
  return {
    file,
    isDocker: compatAuthFile !== undefined || asDocker,
    lock: join(engine.paths.locks, `auth-${name}`),
  };
}

function namedFile({ authfile, compatAuthFile }: LoginFile): string | undefined {
  return compatAuthFile || authfile || process.env['REGISTRY_AUTH_FILE'] || undefined;
}

function otherFiles(file: LoginFile): string[] {
  return namedFile(file) === undefined ? authFiles(undefined) : [];
}
