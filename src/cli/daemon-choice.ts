import { realpathSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { serviceSocket } from '../base/service-socket.ts';
import { currentContext, DEFAULT_CONTEXT, getContext } from '../engine/docker-contexts.ts';
import type { GlobalOptions } from './command.ts';

/** Throws for a daemon that is not ourselves: what a script means to do elsewhere must not happen here. */
export function checkDaemonChoice({ host, context, url }: GlobalOptions): void {
  if (url !== undefined) {
    if (isOurs(url)) return;
    throw refusal(`--url ${url}`, url);
  }
  if (host !== undefined) {
    for (const address of host) if (!isOurs(address)) throw refusal(`--host ${address}`, address);
    return;
  }
  // As docker has it, DOCKER_HOST outdoes a context that nobody has named.
  if (context === undefined && process.env['DOCKER_HOST']) return;
  const name = context ?? currentContext();
  if (name === DEFAULT_CONTEXT) return;
  const { host: address } = getContext(name);
  if (!isOurs(address)) throw refusal(`context ${JSON.stringify(name)}`, address);
}

function refusal(what: string, address: string): UnsupportedError {
  return new UnsupportedError(`${what} is not supported: ${address} is another daemon`, {
    hint: "tspod works on the storage of this machine itself; use docker's own client, or `context use default`",
  });
}

function isOurs(address: string): boolean {
  const path = /^unix:\/\/(\/.+)$/.exec(address)?.[1];
  if (path === undefined) return false;
  const socket = serviceSocket();
  return path === socket || resolved(path) === resolved(socket);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
