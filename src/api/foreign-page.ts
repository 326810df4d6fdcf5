import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { PermissionError } from '../base/errors.ts';

/**
 * Pages of the web must not command the service through the browser of somebody on this machine. A port is within their reach: by
 * requests for which a browser asks nobody (these name their `Origin`), and by a name of their own that resolves to this machine. Nothing
 * else that speaks to us is touched, and no unix socket. Throws PermissionError.
 */
export function refuseForeignPage({
  socket,
  headers,
}: Pick<IncomingMessage, 'headers'> & { socket: { localAddress?: string | undefined } }): void {
  const { localAddress } = socket;
  if (localAddress === undefined) return;
  const { host, origin } = headers;
  if (origin !== undefined && !isOwn(origin, host))
    throw new PermissionError(`a page of ${JSON.stringify(origin)} may not use this service`);
  if (host !== undefined && isLoopback(localAddress) && !namesThisMachine(host))
    throw new PermissionError(
      `${JSON.stringify(host)} is no name of this machine: a page of the web may have made it one`,
      { hint: 'connect to localhost, or to the address in numbers' },
    );
}

function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

function namesThisMachine(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  const own = hostname().toLowerCase();
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return name === own || name === own.split('.', 1)[0];
}
