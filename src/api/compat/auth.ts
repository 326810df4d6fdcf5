import { UsageError } from '../../base/errors.ts';
import { checkLogin, normaliseRegistry } from '../../engine/registry-login.ts';
import { textIn } from '../body.ts';
import type { Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { credentialsFrom } from './registry-auth.ts';

/** Only checks: the client keeps the login. */
export const authHandler: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const credentials = credentialsFrom(body);
  if (credentials === undefined) throw new UsageError('a user name is required');
  const address = textIn(body, 'serveraddress') ?? 'docker.io';
  const registry = normaliseRegistry(address.replace(/\/v[12]\/?$/, ''));
  await checkLogin(exchange.engine, registry, credentials, {});
  sendJson(exchange, 200, { Status: 'Login Succeeded', IdentityToken: '' });
};
