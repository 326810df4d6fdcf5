import { signalNumber } from '../../../base/signals.ts';
import {
  type AttachEnd,
  attach,
  type ContainerRecord,
  containerPaths,
  parseDetachKeys,
  resizeTerminal,
  sendSignal,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { FlagValue } from '../../flag.ts';

export interface ConnectOptions {
  socket: string;
  /** The program has a terminal. */
  terminal: boolean;
  /** The program takes input, and it shall come from here. */
  stdin: boolean;
  /** `--attach`: only these streams; absent or empty: all. */
  streams?: FlagValue;
  detachKeys?: FlagValue;
  /** Signals that this process gets are for the program; with a raw terminal those that do not come from its keys. */
  sigProxy?: boolean;
  /** A signal that asks for the end came a while ago, and the container does not run yet. */
  onStuck?: (signal: NodeJS.Signals) => void;
  /** The program was started by this command: when the input here ends, so does its own, even on a terminal. */
  ownsProgram?: boolean;
}

/** The caller's terminal (or pipes) connected to a program in a container. */
export interface Connection {
  done: Promise<AttachEnd>;
  /** Begins to read stdin. */
  forwardInput(): void;
  /** The container runs now: signals (also those that came before) and the size of the terminal are passed on until release. */
  forwardEvents(record: ContainerRecord): void;
  release(): void;
}

export function connectStreams(engine: Engine, record: ContainerRecord, options: ConnectOptions): Connection {
  const only =
    Array.isArray(options.streams) && options.streams.length > 0
      ? options.streams.map((name) => name.toLowerCase())
      : undefined;
  const takes = (stream: string): boolean => only === undefined || only.includes(stream);
  const stdin = options.stdin && takes('stdin') ? process.stdin : undefined;
  const keys = options.detachKeys;
  const given = typeof keys === 'string' ? parseDetachKeys(keys) : undefined;
  const attachment = attach({
    syscalls: engine.syscalls,
    socket: options.socket,
    streams: { stdin, stdoutFd: takes('stdout') ? 1 : -1, stderrFd: takes('stderr') ? 2 : -1 },
    // They are keys: in the bytes of a pipe the same sequence is data.
    detachKeys: options.terminal
      ? (given ?? parseDetachKeys(engine.config.engine.detachKeys))
      : Buffer.alloc(0),
    rawTerminal: options.terminal && stdin?.isTTY === true,
    typesEnd: options.ownsProgram === true && options.terminal && stdin?.isTTY !== true,
  });
  const signals = options.sigProxy === true ? catchSignals(engine, options.onStuck) : undefined;
  const undo: (() => void)[] = signals === undefined ? [] : [signals.release];
  return {
    done: attachment.done,
    forwardInput: () => attachment.forwardInput(),
    forwardEvents: (running) => {
      signals?.forwardTo(running);
      if (options.terminal && process.stdout.isTTY) {
        undo.push(forwardSize(containerPaths(engine.paths, record.id).bundle.control));
      }
    },
    release: () => {
      attachment.release();
      for (const step of undo.splice(0)) step();
    },
  };
}

/** Size of the caller's terminal, if it has one. */
export function terminalSize(): { height: number; width: number } | undefined {
  if (!process.stdout.isTTY) return undefined;
  return { height: process.stdout.rows, width: process.stdout.columns };
}

/** Those that end a program from outside or tell it something; the others are this process's own business. */
const PASSED_ON: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGALRM',
  'SIGUSR1',
  'SIGUSR2',
];

const ASKS_FOR_END: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
/** So long a start may still take when somebody wants it to end. */
const STUCK_MS = 3_000;

/** Signals are caught from now on; those that come before the container runs wait for it. */
function catchSignals(
  engine: Engine,
  onStuck: ConnectOptions['onStuck'],
): { forwardTo(record: ContainerRecord): void; release(): void } {
  let target: ContainerRecord | undefined;
  let patience: NodeJS.Timeout | undefined;
  const early: NodeJS.Signals[] = [];
  const pass = (name: NodeJS.Signals): void => {
    if (target === undefined) {
      early.push(name);
      if (ASKS_FOR_END.includes(name)) patience ??= setTimeout(() => onStuck?.(name), STUCK_MS);
    }
    // It may be ending just now.
    else sendSignal(engine, target, signalNumber(name)).catch(() => undefined);
  };
  for (const name of PASSED_ON) process.on(name, pass);
  return {
    forwardTo: (record) => {
      target = record;
      clearTimeout(patience);
      for (const name of early.splice(0)) pass(name);
    },
    release: () => {
      clearTimeout(patience);
      for (const name of PASSED_ON) process.off(name, pass);
    },
  };
}

/** Tells the container each new size of the terminal, and the present one. */
export function forwardSize(control: string): () => void {
  const resize = (): void => {
    const size = terminalSize();
    if (size !== undefined) resizeTerminal(control, size);
  };
  process.stdout.on('resize', resize);
  resize();
  return () => process.stdout.off('resize', resize);
}
