import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import { UnsupportedError } from '../base/errors.ts';
import { originalEnvironment } from '../rootless/original-environment.ts';
import { runAttached } from './run-attached.ts';
import type { Engine } from './engine.ts';

const PLUGINS = [
  '.docker/cli-plugins/docker-compose',
  '/usr/local/lib/docker/cli-plugins/docker-compose',
  '/usr/local/libexec/docker/cli-plugins/docker-compose',
  '/usr/lib/docker/cli-plugins/docker-compose',
  '/usr/libexec/docker/cli-plugins/docker-compose',
];
/** Looked for on the search path. */
const PROGRAMS = ['docker-compose', 'podman-compose'];

const START_DEADLINE_MS = 20_000;
/** Should this process be killed, the service ends by itself after so many seconds without a request. */
const IDLE_SECONDS = 60;
/** What fits into the address of a unix socket. */
const LONGEST_SOCKET = 100;

/** `TSPOD_COMPOSE_PROVIDER` or podman's variable, else those of containers.conf, docker compose, else podman-compose. Throws UnsupportedError without any. */
export function findComposeProvider(
  configured: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const chosen = env['TSPOD_COMPOSE_PROVIDER'] || env['PODMAN_COMPOSE_PROVIDER'];
  const candidates = chosen
    ? [chosen]
    : [...configured, ...PLUGINS.map((path) => join('/', atHome(path))), ...PROGRAMS];
  for (const candidate of candidates) {
    const found = candidate.includes('/') ? candidate : onPath(candidate, env['PATH'] ?? '');
    if (found !== undefined && isProgram(found)) return found;
  }
  throw new UnsupportedError(`cannot run compose: ${chosen ?? 'no compose provider'} was not found`, {
    hint: 'install docker-compose or podman-compose, or name one by TSPOD_COMPOSE_PROVIDER',
  });
}

/**
 * Runs the provider on this terminal and resolves with its exit code. It speaks to a service of its own on a private socket, which
 * ends with it; where DOCKER_HOST says where to go, to that.
 */
export async function runCompose(engine: Engine, provider: string, args: readonly string[]): Promise<number> {
  const env = originalEnvironment();
  if (env['DOCKER_HOST']) return await runAttached(provider, args, env);
  const { socket, directory } = socketPlace(engine.paths.runRoot);
  const service = startService(engine, socket);
  try {
    await untilListening(service, socket);
    return await runAttached(provider, args, {
      ...env,
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_BUILDKIT: '0',
      // docker-compose 1 builds by itself, without a docker program, unless somebody wants that.
      COMPOSE_DOCKER_CLI_BUILD: process.env['COMPOSE_DOCKER_CLI_BUILD'] ?? '0',
    });
  } finally {
    service.kill('SIGTERM');
    rmSync(directory ?? socket, { recursive: true, force: true });
  }
}

/**
 * Nobody else may put a socket of theirs there: what compose says would go to them. `directory` is one of its own, made where the
 * run root's path leaves no room for a socket's name.
 */
export function socketPlace(runRoot: string): { socket: string; directory: string | undefined } {
  const beneath = join(runRoot, 'tmp');
  const socket = join(beneath, `compose-${process.pid}.sock`);
  if (Buffer.byteLength(socket) > LONGEST_SOCKET) {
    const directory = mkdtempSync(join(tmpdir(), 'tspod-compose-'));
    return { socket: join(directory, 'api.sock'), directory };
  }
  mkdirSync(beneath, { recursive: true, mode: 0o700 });
  return { socket, directory: undefined };
}

function startService(engine: Engine, socket: string): ChildProcess {
  const [program = '', ...globals] = engine.cleanupCommand;
  const args = [...globals, 'system', 'service', '--time', String(IDLE_SECONDS), `unix://${socket}`];
  // With the launcher's word of whose namespace this is: without it the service would take itself for root's.
  return spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function untilListening(service: ChildProcess, socket: string): Promise<void> {
  const deadline = monotonicMs() + START_DEADLINE_MS;
  while (!(await isListening(socket))) {
    if (service.exitCode !== null || monotonicMs() > deadline)
      throw new UnsupportedError('cannot run compose: the API service did not start');
    await delay(20);
  }
}

function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}

function atHome(path: string): string {
  return path.startsWith('/') ? path : join(homedir(), path);
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(existsSync);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
