import { readFileSync } from 'node:fs';
import { InvalidSpecError, MonitorError, messageOf, UsageError } from '../../../base/errors.ts';
import { latestContainer, lookupPresent, startExec } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { execEnv } from '../../../engine/exec-env.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { checkTerminal } from './check-terminal.ts';
import { type Connection, connectStreams, forwardSize, terminalSize } from './connect-streams.ts';
import { preserved } from './preserved.ts';
import { ENDED_BY_SIGPIPE } from './start-and-attach.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const engine = openEngine();
  const { name, command } = target(engine, input);
  const { workdir, wait } = flags;
  if (typeof workdir === 'string' && workdir !== '' && !workdir.startsWith('/'))
    throw new InvalidSpecError(
      `the working directory ${JSON.stringify(workdir)} is invalid, it needs to be an absolute path`,
    );
  if (typeof wait === 'number')
    await (await import('../../../engine/await-running.ts')).awaitRunning(engine, name, wait);
  checkTerminal(engine, input);
  const terminal = flags['tty'] === true;
  const detached = flags['detach'] === true;
  const stdin = flags['interactive'] === true && !detached;
  const preserveFds = await preserved(flags);
  if (flags['noSession'] === true && detached)
    throw new UsageError(
      '--no-session and --detach cannot be set together: nothing would know of the program',
    );
  const record = await lookupPresent(engine, name);
  let connection: Connection | undefined;
  const session = await startExec(
    engine,
    record.id,
    {
      command,
      env: execEnv(strings(flags['env']), strings(flags['envFile'])),
      user: text(flags['user']),
      workdir: text(workdir),
      terminal,
      stdin,
      privileged: flags['privileged'] === true,
      detached,
      consoleSize: terminal ? terminalSize() : undefined,
    },
    detached
      ? { preserveFds }
      : {
          preserveFds,
          unrecorded: flags['noSession'] === true,
          attach: (socket) => {
            connection = connectStreams(engine, record, {
              socket,
              terminal,
              stdin,
              detachKeys: flags['detachKeys'],
              ownsProgram: true,
            });
            connection.forwardInput();
          },
        },
  );
  if (detached) {
    session.monitor.close();
    if (!input.asDocker) printLine(session.id);
    return 0;
  }
  const stopSizing = terminal && process.stdout.isTTY ? forwardSize(session.control) : undefined;
  const end = await connection?.done;
  stopSizing?.();
  if (end === 'detached' || (end === 'reader-gone' && terminal)) {
    session.monitor.close();
    return 0;
  }
  if (end === 'reader-gone') endProgram(session.pid);
  const ended = await session.finished();
  connection?.release();
  if (end === 'reader-gone') return ENDED_BY_SIGPIPE;
  if (ended === undefined)
    throw new MonitorError(`exit code of exec session ${session.id} is lost: its monitor was killed`);
  if (ended.unexecuted !== undefined) throw ended.unexecuted;
  return ended.exitCode;
};

/** Nobody reads what it prints any more: in a shell it would be ended by SIGPIPE. Its monitor has not reaped it yet. */
function endProgram(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function target(engine: Engine, input: CommandInput): { name: string; command: string[] } {
  const { flags, args } = input;
  const file = flags['cidfile'];
  if (flags['latest'] === true || typeof file === 'string') {
    if (args.length === 0) throw new UsageError('must provide a non-empty command to start an exec session');
    return { name: typeof file === 'string' ? readId(file) : latestContainer(engine.db).id, command: args };
  }
  const [name = '', ...command] = args;
  if (command.length === 0) throw new UsageError('must provide a non-empty command to start an exec session');
  return { name, command };
}

function readId(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`cannot read container id file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
