import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, UsageError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { getFromHelper } from './credential-helper.ts';

export interface Credentials {
  username: string;
  password: string;
  /** An OAuth2 refresh token, given instead of a password by some registries. */
  identityToken?: string;
}

export interface CredentialOptions {
  /** Wins over everything else. */
  credentials?: Credentials | undefined;
  /** `user:password` from --creds; wins over every file. */
  creds?: string | undefined;
  authfile?: string | undefined;
  /** From registries.conf; default: the auth files only. */
  credentialHelpers?: readonly string[] | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The credentials for `domain/path`: the entry with the longest matching path of the first file that has one, else
 * undefined (anonymous). A file named by option or environment must exist.
 */
export async function findCredentials(
  repository: string,
  options: CredentialOptions = {},
): Promise<Credentials | undefined> {
  if (options.credentials !== undefined) return options.credentials;
  if (options.creds !== undefined) return parseCreds(options.creds);
  const env = options.env ?? process.env;
  for (const helper of options.credentialHelpers ?? []) {
    if (helper === 'containers-auth.json') continue;
    const found = await getFromHelper(helper, domainOf(repository), env);
    if (found !== undefined) return found;
  }
  for (const file of authFiles(options.authfile, env)) {
    const found = await credentialsIn(file, repository, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `user` alone has an empty password, as nobody can be asked here. */
export function parseCreds(creds: string): Credentials {
  if (creds === '') throw new UsageError('credentials cannot be empty');
  const colon = creds.indexOf(':');
  if (colon === -1) return { username: creds, password: '' };
  const username = creds.slice(0, colon);
  if (username === '') throw new UsageError('credentials have no user name before the colon');
  return { username, password: creds.slice(colon + 1) };
}

/** The files that are searched, in order. */
export function authFiles(authfile: string | undefined, env: NodeJS.ProcessEnv = process.env): string[] {
  const named = authfile || env['REGISTRY_AUTH_FILE'];
  if (named) {
    if (!existsSync(named)) throw new UsageError(`checking authfile: ${named} does not exist`);
    return [named];
  }
  const home = env['HOME'] ?? '/root';
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(runtime ? [join(runtime, 'containers/auth.json')] : []),
    `/run/containers/${ownUid()}/auth.json`,
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
    dockerConfigFile(env),
  ].filter((file) => existsSync(file));
}

/** Where a login goes when nobody names a file: gone after a reboot where there is a runtime directory, as podman has it. */
export function defaultAuthFile(env: NodeJS.ProcessEnv = process.env): string {
  if (rootlessUid() === undefined) return `/run/containers/${ownUid()}/auth.json`;
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime) return join(runtime, 'containers/auth.json');
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config'), 'containers/auth.json');
}

export function dockerConfigFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] ?? '/root', '.docker'), 'config.json');
}

function ownUid(): number {
  return rootlessUid() ?? process.getuid?.() ?? 0;
}

export interface AuthFile {
  auths?: Record<string, AuthEntry>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

export interface AuthEntry {
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}

async function credentialsIn(
  file: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const content = readAuthFile(file);
  const domain = domainOf(repository);
  const helper = content.credHelpers?.[domain];
  if (helper !== undefined) return getFromHelper(helper, domain, env);
  const entries = new Map(
    Object.entries(content.auths ?? {}).map(([key, entry]) => [normaliseKey(key), entry]),
  );
  for (const key of keysFor(repository)) {
    const entry = entries.get(key);
    const found = entry === undefined ? undefined : decode(entry, file, key);
    if (found !== undefined) return found;
  }
  if (!content.credsStore) return undefined;
  return getFromHelper(content.credsStore, serverName(domain), env);
}

/** docker's own name for its hub in helpers and files. */
export function serverName(domain: string): string {
  return domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain;
}

/** `h/a/b`, `h/a`, `h`: the longest first. */
function keysFor(repository: string): string[] {
  const parts = repository.split('/');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
}

/** Old docker clients wrote URLs: `https://index.docker.io/v1/` is docker.io. */
export function normaliseKey(key: string): string {
  const bare = /^https?:\/\//.test(key) ? domainOf(key.replace(/^https?:\/\//, '')) : key.replace(/\/+$/, '');
  return ['index.docker.io', 'registry-1.docker.io', 'docker.io/v1'].includes(bare) ? 'docker.io' : bare;
}

export function domainOf(repository: string): string {
  return repository.split('/')[0] ?? repository;
}

function decode(entry: AuthEntry, file: string, key: string): Credentials | undefined {
  const token = entry.identitytoken ? { identityToken: entry.identitytoken } : {};
  if (entry.auth) {
    const text = Buffer.from(entry.auth, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon === -1) throw new InvalidSpecError(`${file}: the entry for ${key} is not user:password`);
    // Some docker versions padded the password with NULs.
    return {
      username: text.slice(0, colon),
      password: text.slice(colon + 1).replace(/^\0+|\0+$/g, ''),
      ...token,
    };
  }
  if (entry.username) return { username: entry.username, password: entry.password ?? '', ...token };
  return entry.identitytoken ? { username: '', password: '', identityToken: entry.identitytoken } : undefined;
}

export function readAuthFile(file: string): AuthFile {
  try {
    const text = readFileSync(file, 'utf8');
    const json: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof json !== 'object' || json === null) throw new Error('not an object');
    return json as AuthFile;
  } catch (error) {
    // The parser's message would quote the file, hence secrets.
    const reason = error instanceof SyntaxError ? 'not valid JSON' : messageOf(error);
    throw new InvalidSpecError(`reading auth file ${file}: ${reason}`);
  }
}
