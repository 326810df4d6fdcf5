import {
  ConflictError,
  InvalidSpecError,
  messageOf,
  TspodError,
  UsageError,
  WrongStateError,
} from '../../base/errors.ts';
import { log } from '../../base/log.ts';
import {
  type ExecSession,
  parseDetachKeys,
  recordExecCreate,
  resizeTerminal,
  startExec,
} from '../../engine/containers.ts';
import { bridgeStreams } from '../attach-bridge.ts';
import { flagIn, textIn, textsIn, wordsIn } from '../body.ts';
import type { Exec } from '../exec-registry.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { frame } from '../frames.ts';
import { hijack, type HijackedStream } from '../hijack.ts';
import { readJson } from '../read-body.ts';
import { sendEmpty, sendJson, textOf } from '../respond.ts';
import { settledContainer } from './container-lifecycle.ts';
import { sizeIn } from './create-extras.ts';
import { sizeOf } from './resize.ts';

export const createExec: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const command = wordsIn(body, 'Cmd') ?? [];
  if (command.length === 0) throw new UsageError('No exec command specified');
  const record = await settledContainer(exchange);
  if (record.state === 'paused')
    throw new WrongStateError(`Container ${record.name} is paused, unpause the container before exec`);
  if (record.state !== 'running') throw new WrongStateError(`container ${record.id} is not running`);
  const exec = exchange.service.execs.add({
    containerId: record.id,
    request: {
      command,
      env: textsIn(body, 'Env').filter((entry) => entry.includes('=')),
      user: textIn(body, 'User'),
      workdir: textIn(body, 'WorkingDir'),
      terminal: flagIn(body, 'Tty') ?? false,
      stdin: flagIn(body, 'AttachStdin') ?? false,
      privileged: flagIn(body, 'Privileged') ?? false,
    },
    detachKeys: textIn(body, 'DetachKeys'),
    stdout: flagIn(body, 'AttachStdout') ?? false,
    stderr: flagIn(body, 'AttachStderr') ?? false,
  });
  recordExecCreate(exchange.engine, record, { id: exec.id, command });
  sendJson(exchange, 201, { Id: exec.id });
};

export const startExecHandler: Handler = async (exchange) => {
  const exec = execOf(exchange);
  const body = await readJson(exchange);
  if (exec.state !== 'created') throw new ConflictError(`exec instance ${exec.id} has already been started`);
  exec.state = 'running';
  if (flagIn(body, 'Detach') === true) {
    await startDetached(exchange, exec);
    sendEmpty(exchange, 200);
    return;
  }
  const client = hijack(exchange, !exec.request.terminal);
  try {
    await runAttached(exchange, exec, client, sizeIn(body, 'ConsoleSize'));
  } catch (error) {
    // The answer has begun: docker tells it in the stream, and by the exit code.
    exchange.service.execs.ended(exec, failureCode(error));
    const bytes = Buffer.from(`${textOf(error)}\r\n`);
    client.output.write(exec.request.terminal ? bytes : frame(2, bytes));
  }
  client.end();
};

const FAILED = 126;
const KILLED = 137;
const OWN_FAILURE = 125;

/** docker has one for every reason but that the program is not there. */
function failureCode(error: unknown): number {
  return error instanceof TspodError && error.exitCode !== OWN_FAILURE ? error.exitCode : FAILED;
}

async function startDetached({ engine, service }: Exchange, exec: Exec): Promise<void> {
  try {
    const session = await startExec(
      engine,
      exec.containerId,
      { ...exec.request, stdin: false, detached: true, consoleSize: undefined },
      { id: exec.id },
    );
    exec.session = session;
    void watch(session, (code) => service.execs.ended(exec, code));
  } catch (error) {
    service.execs.ended(exec, failureCode(error));
    throw error;
  }
}

async function watch(session: ExecSession, ended: (code: number) => void): Promise<void> {
  try {
    ended((await session.finished())?.exitCode ?? KILLED);
  } catch (error) {
    log('warn', `cannot clean up exec session ${session.id}: ${messageOf(error)}`);
    ended(KILLED);
  }
}

async function runAttached(
  { engine, signal, service }: Exchange,
  exec: Exec,
  client: HijackedStream,
  size: { height: number; width: number } | undefined,
): Promise<void> {
  const { request } = exec;
  const keys = exec.detachKeys ?? engine.config.engine.detachKeys;
  let done: Promise<void> | undefined;
  const attach = (socket: string): void => {
    done = bridgeStreams(engine, client, {
      socket,
      terminal: request.terminal,
      stdin: request.stdin,
      stdout: exec.stdout,
      stderr: exec.stderr,
      detachKeys: request.terminal ? parseDetachKeys(keys) : Buffer.alloc(0),
      signal,
    });
  };
  const options = { ...request, detached: false, consoleSize: request.terminal ? size : undefined };
  const session = await startExec(engine, exec.containerId, options, { attach, id: exec.id });
  exec.session = session;
  // Known before the client sees the end of the stream, as that is when it asks for the code.
  const ended = watch(session, (code) => service.execs.ended(exec, code));
  await done;
  // A client that detached or has gone does not wait for the program.
  if (!signal.aborted) await Promise.race([ended, detached(client)]);
}

/** Output goes on until the program has ended: if the client's side is open but the bridge is not, it has detached. */
function detached(client: HijackedStream): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, client.output.destroyed ? 0 : LONGEST_REPORT_MS));
}

/** Between the end of a program's output and its exit code. */
const LONGEST_REPORT_MS = 2_000;

/** A session that runs goes only by force, and its program goes on. */
export const removeExec: Handler = async (exchange) => {
  const exec = execOf(exchange);
  const body = await readJson(exchange);
  if (exec.state === 'running' && flagIn(body, 'Force') !== true)
    throw new WrongStateError(`exec session ${exec.id} is running`);
  exchange.service.execs.remove(exec);
  sendEmpty(exchange, 200);
};

export const inspectExec: Handler = (exchange) => {
  const exec = execOf(exchange);
  const { request, session } = exec;
  const [entrypoint = '', ...rest] = request.command;
  sendJson(exchange, 200, {
    ID: exec.id,
    Running: exec.state === 'running',
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: request.terminal,
      entrypoint,
      arguments: rest,
      privileged: request.privileged,
      user: request.user ?? '',
    },
    OpenStdin: request.stdin,
    OpenStderr: exec.stderr,
    OpenStdout: exec.stdout,
    CanRemove: exec.state === 'ended',
    ContainerID: exec.containerId,
    DetachKeys: exec.detachKeys ?? '',
    Pid: session?.pid ?? 0,
  });
};

export const resizeExec: Handler = (exchange) => {
  const size = sizeOf(exchange.query);
  const { session, state, id } = execOf(exchange);
  if (session === undefined || state !== 'running')
    throw new InvalidSpecError(`exec instance ${id} is not running`);
  resizeTerminal(session.control, size);
  sendEmpty(exchange, 200);
};

function execOf({ service, params }: Exchange): Exec {
  return service.execs.get(params['id'] ?? '');
}
