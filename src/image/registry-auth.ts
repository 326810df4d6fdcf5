import { RegistryAuthError, RegistryError } from '../base/errors.ts';
import type { Credentials } from './auth-file.ts';
import { readText } from './bounded-body.ts';
import { errorOf } from './registry-errors.ts';
import type { RegistryHttp } from './registry-http.ts';

/** What a registry's `WWW-Authenticate` header asks for. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  realm: string;
  service: string | undefined;
  scope: string | undefined;
}

export interface AuthOptions {
  http: RegistryHttp;
  host: string;
  /** A login may not leave the encryption that the registry itself is reached by. */
  onlyEncrypted: boolean;
  credentials: Credentials | undefined;
  /** `repository:PATH:pull` and the like; none for a mere login. */
  scopes: readonly string[];
}

export interface Authorizer {
  /** The value of the Authorization header, or undefined for none. */
  header(signal?: AbortSignal): Promise<string | undefined>;
  /** After a 401: forgets the token; false when a new one cannot help. */
  renew(): boolean;
}

const LONGEST_TOKEN = 1024 * 1024;
/** Tokens that say nothing live this long, by the token specification. */
const DEFAULT_LIFE_S = 60;

export function makeAuthorizer(challenge: Challenge | undefined, options: AuthOptions): Authorizer {
  const { credentials } = options;
  if (challenge === undefined) return { header: async () => undefined, renew: () => false };
  if (challenge.scheme === 'basic') {
    const value = credentials === undefined ? undefined : basic(credentials);
    return { header: async () => value, renew: () => false };
  }
  let token: Promise<Token> | undefined;
  return {
    async header(signal) {
      const current = await token?.catch(() => undefined);
      if (current === undefined || current.expiresAt < Date.now()) {
        token = fetchToken(challenge, options, signal);
      }
      return `Bearer ${(await token)?.value ?? ''}`;
    },
    renew() {
      const had = token !== undefined;
      token = undefined;
      return had;
    },
  };
}

/** The strongest challenge that tspod can meet: bearer before basic. */
export function parseChallenges(header: string | string[] | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const challenges = (Array.isArray(header) ? header : [header]).flatMap(parseChallenge);
  return challenges.find((one) => one.scheme === 'bearer') ?? challenges[0];
}

interface Token {
  value: string;
  expiresAt: number;
}

function parseChallenge(header: string): Challenge[] {
  const scheme = /^\s*(bearer|basic)\b/i.exec(header)?.[1]?.toLowerCase();
  if (scheme !== 'bearer' && scheme !== 'basic') return [];
  const parameters = new Map<string, string>();
  for (const [, key = '', quoted, plain] of header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    parameters.set(key.toLowerCase(), (quoted ?? plain ?? '').replace(/\\(.)/g, '$1'));
  }
  const realm = parameters.get('realm') ?? '';
  if (scheme === 'bearer' && realm === '') return [];
  return [{ scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') }];
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function fetchToken(
  challenge: Challenge,
  options: AuthOptions,
  signal: AbortSignal | undefined,
): Promise<Token> {
  const { http, host, credentials, scopes } = options;
  let url: URL;
  try {
    url = new URL(challenge.realm);
  } catch {
    throw new RegistryError(`registry ${host} names an invalid token server`);
  }
  if (options.onlyEncrypted && url.protocol !== 'https:')
    throw new RegistryError(
      `registry ${host} sends logins on to ${url.protocol}//${url.host}, which is not encrypted: refused`,
    );
  const asked = Date.now();
  const answer = await http.send(
    credentials?.identityToken === undefined
      ? tokenRequest(url, challenge, { scopes, credentials, signal })
      : refreshRequest(url, challenge, { scopes, refreshToken: credentials.identityToken, signal }),
  );
  const text = await readText(answer.body, LONGEST_TOKEN, `token from ${url.host}`);
  if (answer.status !== 200) {
    const what = `requesting a token for ${host} from ${url.host}`;
    const error = errorOf(answer, text, what);
    if (answer.status !== 401 && answer.status !== 403) throw error;
    throw new RegistryAuthError(
      credentials === undefined ? error.message : `${error.message}: invalid username/password`,
      { status: answer.status, hint: `run \`tspod login ${host}\`, or give --creds USER:PASSWORD` },
    );
  }
  return parseToken(text, asked, url.host);
}

interface TokenWish {
  scopes: readonly string[];
  signal: AbortSignal | undefined;
}

function tokenRequest(
  realm: URL,
  challenge: Challenge,
  { scopes, credentials, signal }: TokenWish & { credentials: Credentials | undefined },
) {
  const url = new URL(realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials?.username) url.searchParams.set('account', credentials.username);
  return { url, signal, headers: credentials === undefined ? {} : { authorization: basic(credentials) } };
}

function refreshRequest(
  url: URL,
  challenge: Challenge,
  { scopes, refreshToken, signal }: TokenWish & { refreshToken: string },
) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: 'tspod',
    scope: scopes.join(' '),
    ...(challenge.service === undefined ? {} : { service: challenge.service }),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { url, method: 'POST' as const, signal, headers, body: form.toString() };
}

function parseToken(text: string, asked: number, host: string): Token {
  let json: { token?: unknown; access_token?: unknown; expires_in?: unknown };
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    throw new RegistryError(`token server ${host} gave an answer that is not valid JSON`);
  }
  const value = json.token ?? json.access_token;
  if (typeof value !== 'string' || value === '') {
    throw new RegistryError(`token server ${host} gave an answer without a token`);
  }
  const life =
    typeof json.expires_in === 'number' ? Math.max(json.expires_in, DEFAULT_LIFE_S) : DEFAULT_LIFE_S;
  return { value, expiresAt: asked + life * 900 };
}
