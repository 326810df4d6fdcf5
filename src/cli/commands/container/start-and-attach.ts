import { messageOf, MonitorError, UsageError } from '../../../base/errors.ts';
import { log } from '../../../base/log.ts';
import {
  type ContainerRecord,
  interruptStart,
  killContainer,
  passesStreams,
  removeContainer,
  startContainer,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { watchStoppedMonitor } from '../../../engine/stopped-monitor.ts';
import { waitForOwnExit } from '../../../engine/wait-for-exit.ts';
import type { FlagValues } from '../../flag.ts';
import { printError } from '../../output/print.ts';
import { reportError } from '../../report-error.ts';
import { connectStreams, type Connection, terminalSize } from './connect-streams.ts';

const STREAMS = ['stdin', 'stdout', 'stderr'];

export interface RunFlags {
  attach?: string[];
  interactive?: boolean;
  tty?: boolean;
}

/** Contradictions that only run has. */
export function checkRunFlags(options: RunFlags, flags: FlagValues): void {
  for (const stream of options.attach ?? []) {
    if (!STREAMS.includes(stream.toLowerCase())) {
      throw new UsageError(
        `invalid stream ${JSON.stringify(stream)} for --attach - must be one of stdin, stdout, or stderr`,
      );
    }
  }
  if (flags['detach'] === true && (options.attach ?? []).length > 0) {
    throw new UsageError('cannot specify both --attach and --detach');
  }
}

export async function startDetached(
  engine: Engine,
  record: ContainerRecord,
  preserveFds: readonly number[] = [],
): Promise<void> {
  try {
    const started = await startContainer(engine, record.id, { stay: false, preserveFds });
    started.monitor?.close();
  } catch (error) {
    await dropFailed(engine, record);
    throw error;
  }
}

/** Connects the caller's streams, starts, waits for the end. Returns the container's exit code, 0 after detaching. */
export async function startAndAttach(
  engine: Engine,
  record: ContainerRecord,
  flags: FlagValues,
  preserveFds: readonly number[] = [],
): Promise<number> {
  const { terminal, stdin } = record.spec.process;
  const size = terminal ? terminalSize() : undefined;
  let connection: Connection | undefined;
  let unwatch: (() => void) | undefined;
  let givenUp: NodeJS.Signals | undefined;
  const attach = (socket: string): void => {
    connection = connectStreams(engine, record, {
      socket,
      terminal,
      stdin: stdin && flags['noStdin'] !== true,
      streams: flags['attach'],
      detachKeys: flags['detachKeys'],
      sigProxy: flags['sigProxy'] !== false,
      ownsProgram: true,
      onStuck: (signal) => {
        givenUp = signal;
        void interruptStart(engine, record.id);
      },
    });
  };
  try {
    const started = await startContainer(engine, record.id, {
      // With a restart policy the monitor has the container started again; this command ends with its first run.
      stay: record.spec.restart.name === 'no',
      preserveFds,
      ...(size === undefined ? {} : { consoleSize: size }),
      ...(passesStreams(record.spec) ? {} : { attach }),
    });
    connection?.forwardInput();
    connection?.forwardEvents(started.record);
    unwatch = watchStoppedMonitor(started.record, tellOfMonitor);
    const end = await connection?.done;
    // A terminal that is gone (a lost connection) detaches, as its keys do.
    if (end === 'detached' || (end === 'reader-gone' && terminal)) {
      started.monitor?.close();
      return 0;
    }
    if (end === 'reader-gone') {
      // `run … | head -1`: a program of this shell would be ended by SIGPIPE now, and so is this one.
      await killContainer(engine, record.id, SIGKILL).catch(() => undefined);
      await waitForOwnExit(engine, started);
      return ENDED_BY_SIGPIPE;
    }
    const exit = await waitForOwnExit(engine, started);
    if (exit.lost) printError(`Error: exit code of container ${record.id} is lost: its monitor was killed`);
    if (exit.unexecuted !== undefined) return reportError(exit.unexecuted);
    return exit.lost ? LOST : exit.exitCode;
  } catch (error) {
    await dropFailed(engine, record);
    throw givenUp === undefined ? error : givenUpError(record, givenUp);
  } finally {
    unwatch?.();
    connection?.release();
  }
}

export function tellOfMonitor(message: string): void {
  printError(`Warning: ${message}`);
}

function givenUpError({ name }: ContainerRecord, signal: NodeJS.Signals): MonitorError {
  return new MonitorError(
    `container ${name} was not started: the runtime was still at work some seconds after ${signal}`,
    { hint: 'it may wait for a FIFO, or for a disk of the network that does not answer' },
  );
}

const LOST = 125;
const SIGKILL = 9;
/** 128 + SIGPIPE, as a shell sees it. */
export const ENDED_BY_SIGPIPE = 141;

/** With --rm nothing stays of a container that could not be started. */
async function dropFailed(engine: Engine, record: ContainerRecord): Promise<void> {
  if (!record.spec.autoRemove) return;
  try {
    await removeContainer(engine, record.id, { force: true, volumes: true, stopTimeout: 0 });
  } catch (error) {
    // The error that matters is the one of the start.
    log('warn', `cannot remove container ${record.name}: ${messageOf(error)}`);
  }
}
