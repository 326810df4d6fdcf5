import { UsageError } from '../../base/errors.ts';
import type { Credentials } from '../../engine/registry-login.ts';
import type { Exchange } from '../exchange.ts';
import type { JsonObject } from '../read-body.ts';

/** What the client sends with each request about a registry; undefined when it has no login. */
export function credentialsIn({ request }: Pick<Exchange, 'request'>): Credentials | undefined {
  const header = request.headers['x-registry-auth'];
  if (typeof header !== 'string' || header === '') return undefined;
  let document: unknown;
  try {
    // Both alphabets are in use.
    document = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch (error) {
    throw new UsageError('invalid header X-Registry-Auth: not JSON in base64', {
      cause: withoutSecret(error),
    });
  }
  if (typeof document !== 'object' || document === null) return undefined;
  return credentialsFrom(document as JsonObject);
}

export function credentialsFrom(document: JsonObject): Credentials | undefined {
  const text = (name: string): string => (typeof document[name] === 'string' ? String(document[name]) : '');
  const identityToken = text('identitytoken') || text('IdentityToken');
  const username = text('username') || text('Username');
  const password = text('password') || text('Password');
  if (identityToken !== '') return { username, password, identityToken };
  return username === '' ? undefined : { username, password };
}

/** The parser's message would quote the text. */
function withoutSecret(error: unknown): string {
  return error instanceof Error ? error.name : 'error';
}
