import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { errnoOf, InUseError, messageOf, UnsupportedError, UsageError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { ensureDirectory } from '../base/paths.ts';
import { serviceSocket } from '../base/service-socket.ts';

export type ListenAddress =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  /** Handed over by systemd. */
  | { kind: 'inherited'; fd: number };

/** sun_path of unix(7), with the NUL at its end. */
const LONGEST_PATH = 107;
const FIRST_INHERITED = 3;
/** As many as the kernel lets wait: a client that finds the queue full fails at once. */
const BACKLOG = 65_535;

/** Where to listen: what is asked for, else the socket of systemd's activation, else the default. */
export function listenAddress(uri: string | undefined, env: NodeJS.ProcessEnv): ListenAddress {
  if (uri !== undefined && uri !== '') return parseUri(uri);
  if (env['LISTEN_PID'] === String(process.pid) && Number(env['LISTEN_FDS']) >= 1) {
    if (Number(env['LISTEN_FDS']) > 1)
      throw new UsageError('systemd passed several sockets: the service listens on one');
    return { kind: 'inherited', fd: FIRST_INHERITED };
  }
  return { kind: 'unix', path: serviceSocket() };
}

function parseUri(uri: string): ListenAddress {
  const unix = /^unix:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const tcp = /^tcp:(?:\/\/)?(\[[^\]]+\]|[^:/]*):(\d{1,5})\/?$/.exec(uri);
  if (tcp?.[1] !== undefined && Number(tcp[2]) <= 65_535)
    return { kind: 'tcp', host: tcp[1].replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(tcp[2]) };
  throw new UsageError(`cannot listen on ${JSON.stringify(uri)}: it must be unix:///PATH or tcp://HOST:PORT`);
}

/** Listens; returns what undoes it beyond closing the server. Nobody but the user may connect to a unix socket, from the first moment. */
export async function listenOn(server: Server, address: ListenAddress): Promise<() => void> {
  switch (address.kind) {
    case 'inherited':
      await listening(server, { fd: address.fd });
      return () => undefined;
    case 'tcp':
      log('warn', 'everybody who reaches this address has all rights of this user: prefer a unix socket');
      await listening(server, { host: address.host, port: address.port });
      return () => undefined;
    case 'unix':
      return await listenOnPath(server, address.path);
  }
}

async function listenOnPath(server: Server, path: string): Promise<() => void> {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new UnsupportedError(`cannot listen on ${path}: a socket's path has at most ${LONGEST_PATH} bytes`);
  ensureDirectory(dirname(path));
  await removeStale(path);
  const mask = process.umask(0o177);
  try {
    await listening(server, { path });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  const { ino } = lstatSync(path);
  return () => {
    // Another service may have taken the place of a socket that somebody removed.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

/** A socket that nobody answers on was left by a killed service. */
async function removeStale(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket())
    throw new InUseError(`cannot listen on ${path}: it exists and is not a socket`);
  if (await answers(path)) throw new InUseError(`cannot listen on ${path}: another service listens there`);
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => done(true));
    // Of a service whose queue is full it is EAGAIN.
    socket.on('error', (error) => done(!['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')));
  });
}

function listening(server: Server, where: ListenOptions | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new UsageError(`cannot listen: ${messageOf(error)}`, { cause: error }));
    server.once('error', fail);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
