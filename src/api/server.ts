import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { readBuildInfo } from '../base/build-info.ts';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { type Engine, explainFailure, openEngine } from '../engine/engine.ts';
import { watchClient } from './client-watch.ts';
import { connectionLimit } from './connection-limit.ts';
import type { Exchange, Service } from './exchange.ts';
import { ExecRegistry } from './exec-registry.ts';
import { refuseForeignPage } from './foreign-page.ts';
import { listenAddress, listenOn } from './listen-address.ts';
import { refuseConnect, refuseMalformed } from './malformed-request.ts';
import { Query } from './query.ts';
import { QuietMemory } from './quiet-memory.ts';
import { sendError } from './respond.ts';
import { type Match, Router } from './router.ts';
import { routes } from './routes.ts';
import { LIBPOD_VERSION, NEWEST_MINOR } from './versions.ts';
import { WaitingAttachments } from './waiting-attachments.ts';

export interface ServiceOptions {
  /** Undefined: systemd's socket, or the default one. */
  uri: string | undefined;
  /** So long without a connection, and the service ends; 0: never. */
  idleSeconds: number;
}

/** How long requests may take to finish after SIGTERM. */
const GRACE_MS = 10_000;
const HEADERS_TIMEOUT_MS = 60_000;
/** Between two requests on one connection; it must not keep an idle service alive for long. */
const KEEP_ALIVE_MS = 5_000;
const SECOND_MS = 1000;

/** Serves the API until a signal comes or nobody has been connected for long enough. */
export async function runService(engine: Engine, options: ServiceOptions): Promise<void> {
  const engines = openEngines(engine);
  const router = new Router(routes);
  const ending = new AbortController();
  const service: Service = { waiting: new WaitingAttachments(), execs: new ExecRegistry() };
  const open = new Set<Promise<void>>();
  const memory = new QuietMemory(engine);
  const handle = (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void => {
    const answered = answer({ request, response, upgrade, router, engines, service, ending: ending.signal });
    memory.busy();
    open.add(answered);
    void answered.finally(() => {
      open.delete(answered);
      if (open.size === 0) memory.quiet();
    });
  };
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    shouldUpgradeCallback: wantsStream,
  });
  server.on('request', handle);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    handle(request, response, { socket, head });
  });
  server.on('clientError', refuseMalformed);
  server.on('connect', refuseConnect);
  server.maxConnections = connectionLimit();
  // One request that goes wrong in a way nobody foresaw must not end those of others.
  process.removeAllListeners('uncaughtException');
  const onBug = (error: Error): void => log('error', `internal error: ${error.stack ?? messageOf(error)}`);
  process.on('uncaughtException', onBug);
  const end = whenToEnd(server, options.idleSeconds * SECOND_MS, () => open.size);
  const address = listenAddress(options.uri, process.env);
  // They were for this process, not for those that it starts.
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  if (address.kind === 'inherited') engine.syscalls.setCloseOnExec(address.fd);
  const undo = await listenOn(server, address);
  log('info', `listening on ${JSON.stringify(address)}`);
  await end;
  undo();
  server.close();
  server.closeIdleConnections();
  ending.abort();
  await Promise.race([Promise.all(open), new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
}

interface Engines {
  docker: Engine;
  podman: Engine;
}

/** Two views of one store: they differ in how short names resolve. */
function openEngines(engine: Engine): Engines {
  let docker: Engine | undefined;
  let podman: Engine | undefined;
  return {
    get docker() {
      docker ??= openEngine({ ...engine.given, asDocker: true });
      return docker;
    },
    get podman() {
      podman ??= openEngine({ ...engine.given, asDocker: false });
      return podman;
    },
  };
}

interface Upgrade {
  socket: Duplex;
  head: Buffer;
}

interface Incoming {
  request: IncomingMessage;
  response: ServerResponse;
  upgrade: Upgrade | undefined;
  router: Router;
  engines: Engines;
  service: Service;
  ending: AbortSignal;
}

async function answer(incoming: Incoming): Promise<void> {
  const { request, response, upgrade, router, engines } = incoming;
  // A client that vanishes is no error of ours.
  response.on('error', ignore);
  request.on('error', ignore);
  for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);
  // Nobody would read a second request there.
  if (upgrade !== undefined) response.shouldKeepAlive = false;
  let engine: Engine | undefined;
  try {
    refuseForeignPage(request);
    const [path = '', query = ''] = splitUrl(request.url ?? '/');
    const match = router.match(request.method ?? 'GET', path);
    engine = match.version.libpod ? engines.podman : engines.docker;
    await engine.refresh();
    const handler = await match.route.load();
    await handler(exchangeOf(incoming, engine, match, new Query(query, match.version.libpod)));
  } catch (error) {
    const told = engine === undefined ? error : explainFailure(engine, error);
    sendError({ response }, told, { asDocker: engine?.options.asDocker === true });
  } finally {
    // What the client still sends of a body that nobody reads.
    if (upgrade === undefined) request.resume();
    else upgrade.socket.end();
  }
}

function exchangeOf(incoming: Incoming, engine: Engine, match: Match, query: Query): Exchange {
  const { request, response, upgrade, service, ending } = incoming;
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  (upgrade === undefined ? response : upgrade.socket).once('close', abort);
  upgrade?.socket.on('error', abort);
  if (upgrade !== undefined) watchClient(engine, upgrade.socket);
  return {
    engine,
    request,
    response,
    socket: upgrade?.socket ?? request.socket,
    wantsUpgrade: upgrade !== undefined,
    head: upgrade?.head ?? Buffer.alloc(0),
    params: match.params,
    query,
    version: match.version,
    signal: AbortSignal.any([gone.signal, ending]),
    service,
  };
}

function splitUrl(url: string): [string, string] {
  // HTTP has servers accept whole addresses too.
  const target = url.replace(/^https?:\/\/[^/?]*(?=[/?])/i, '');
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** Docker's clients upgrade to `tcp`; other protocols (h2c of BuildKit) are answered as if they had not been asked for. */
function wantsStream(request: IncomingMessage): boolean {
  return /^(tcp|websocket)$/i.test(request.headers.upgrade ?? '');
}

/** Resolves on a signal, or after so long without connections and requests. */
function whenToEnd(server: Server, idleMs: number, requests: () => number): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve());
    if (idleMs === 0) return;
    let connections = 0;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (connections > 0) return;
      timer = setTimeout(() => (requests() > 0 ? look() : resolve()), idleMs);
    };
    server.on('connection', (socket) => {
      connections++;
      look();
      socket.on('close', () => {
        connections--;
        look();
      });
    });
    server.on('listening', look);
  });
}

function ignore(): void {
  // The connection's end is seen by those who read and write.
}

const COMMON_HEADERS = {
  'Api-Version': `1.${NEWEST_MINOR}`,
  'Docker-Experimental': 'true',
  'Libpod-API-Version': LIBPOD_VERSION,
  Ostype: 'linux',
  Server: `tspod/${readBuildInfo().version} (linux)`,
};
