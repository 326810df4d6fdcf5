import { closeSync, readFileSync } from 'node:fs';
import { MonitorError, messageOf } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type MonitorPipe, openMonitorPipe } from './monitor-pipe.ts';
import {
  type ExitMessage,
  parseExitLine,
  parseSyncLine,
  type SyncMessage,
  TAKE_CLEANUP,
} from './protocol.ts';

export interface MonitorOptions {
  syscalls: Syscalls;
  /** The monitor program: ours, or a real conmon with `foreign`. */
  program: string;
  /** A real conmon: none of our extensions. */
  foreign: boolean;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Wait with the runtime until the caller has attached. */
  attachFirst: boolean;
  /** Tell this process of the exit first and let it do the clean-up. */
  reportExit: boolean;
  /** Standard streams of the caller go to the runtime (log driver passthrough). */
  passStdio?: boolean;
  /** Descriptors that the program gets as 3 and on; -1: that one is /dev/null. This process gives them up. */
  preserveFds?: readonly number[] | undefined;
  /** Descriptors that the monitor holds until its end (published ports). */
  inheritFds?: readonly number[];
  /** Moves the process, which has started nothing yet, to where it belongs; it waits for that. Undefined: done. Must not fail. */
  place?: (pid: number) => Promise<void> | undefined;
  /** Carries our lock on the container, which the monitor shares until it has reported the start. */
  lockFd?: number;
}

/** A started monitor and the pipes to it. `close` gives up all of them; the monitor lives on. */
export interface MonitorHandle {
  /** Resolves when the attach socket listens (attachFirst only). */
  attachReady(): Promise<void>;
  /** Lets the runtime start (attachFirst only; otherwise it runs already). */
  go(): void;
  /** The container's pid, or MonitorError/RuntimeError material: data < 0 with the runtime's words. */
  started(): Promise<SyncMessage>;
  /** The next sync message after `started` (exec: the exit code); undefined when the pipe closed. */
  nextMessage(): Promise<SyncMessage | undefined>;
  /** Resolves with the exit, or undefined when the monitor vanished without saying so. */
  exited(): Promise<ExitMessage | undefined>;
  /** Promise to clean up; the exit command will not run. */
  takeCleanup(): void;
  /** What the monitor printed before it went into the background. */
  stderr(): string;
  close(): void;
}

/** The first one that is not a standard stream; those for the program come before our own. */
const FIRST_FD = 3;

/** Starts it. Throws MonitorError when the program cannot be run at all. */
export function launchMonitor(options: MonitorOptions): MonitorHandle {
  const { syscalls } = options;
  const sync = openMonitorPipe(syscalls);
  const start = openMonitorPipe(syscalls);
  const attach = options.attachFirst ? openMonitorPipe(syscalls) : undefined;
  const exit = options.reportExit && !options.foreign ? openMonitorPipe(syscalls) : undefined;
  const pipes = [sync, start, attach, exit].filter((pipe) => pipe !== undefined);
  const lockFd = options.foreign ? undefined : options.lockFd;
  const passed = options.preserveFds ?? [];
  const [syncFd, startFd, attachFd, exitFd, lockFdThere] = [0, 1, 2, 3, 4].map(
    (place) => `${FIRST_FD + passed.length + place}`,
  );
  const env: NodeJS.ProcessEnv = { ...options.env, _OCI_SYNCPIPE: syncFd, _OCI_STARTPIPE: startFd };
  if (attach !== undefined) env['_OCI_ATTACHPIPE'] = attachFd;
  if (exit !== undefined) env['_TSPOD_EXITPIPE'] = exitFd;
  if (lockFd !== undefined) env['_TSPOD_LOCKFD'] = lockFdThere;
  // What the monitor says before it goes into the background is only looked at when it fails.
  const words = syscalls.memoryFile('monitor-stderr');
  const stdio = options.passStdio ? [0, 1, 2] : [-1, -1, words];
  const own = [sync.theirs, start.theirs, attach?.theirs ?? -1, exit?.theirs ?? -1, lockFd ?? -1];
  let pid: number;
  try {
    const fds = [...stdio, ...passed, ...own, ...(options.inheritFds ?? [])];
    pid = syscalls.spawn(options.program, [options.program, ...options.args], environmentList(env), fds);
    syscalls.reap(pid).catch(() => undefined);
  } catch (error) {
    for (const pipe of pipes) pipe.close();
    closeSync(words);
    throw new MonitorError(`cannot run monitor ${options.program}: ${messageOf(error)}`, { cause: error });
  } finally {
    for (const pipe of pipes) pipe.handedOver();
    for (const fd of passed) if (fd >= 0) closeSync(fd);
  }
  const placed = options.place?.(pid);
  const afterPlacing = (then: () => void): void => {
    if (placed === undefined) then();
    else void placed.finally(then);
  };
  afterPlacing(() => start.write('\n'));
  return handleFor(options.program, afterPlacing, { sync, start, attach, exit, words });
}

interface MonitorPipes {
  sync: MonitorPipe;
  start: MonitorPipe;
  attach: MonitorPipe | undefined;
  exit: MonitorPipe | undefined;
  /** Memory file with its stderr. */
  words: number;
}

function handleFor(
  program: string,
  afterPlacing: (then: () => void) => void,
  pipes: MonitorPipes,
): MonitorHandle {
  const { sync, start, attach, exit, words } = pipes;
  let closed = false;
  const stderr = (): string => (closed ? '' : readFileSync(`/proc/self/fd/${words}`, 'utf8'));
  const next = async (): Promise<SyncMessage | undefined> => {
    for (;;) {
      const line = await sync.readLine();
      if (line === undefined) return undefined;
      const message = parseSyncLine(line);
      if (message !== undefined) return message;
    }
  };
  const failure = (): MonitorError =>
    new MonitorError(`monitor ${program} did not start: ${stderr().trim() || 'it closed its pipe'}`);
  return {
    attachReady: async () => {
      if ((await attach?.readLine()) !== undefined) return;
      const reason = await next();
      throw reason?.message === undefined ? failure() : new MonitorError(reason.message);
    },
    go: () =>
      afterPlacing(() => {
        start.write('\n');
        start.close();
      }),
    started: async () => {
      const message = await next();
      if (message === undefined) throw failure();
      return message;
    },
    nextMessage: next,
    exited: async () => {
      const line = await exit?.readLine();
      return line === undefined ? undefined : parseExitLine(line);
    },
    takeCleanup: () => exit?.write(TAKE_CLEANUP),
    stderr,
    close: () => {
      if (closed) return;
      for (const pipe of [sync, start, attach, exit]) pipe?.close();
      closeSync(words);
      closed = true;
    },
  };
}

function environmentList(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`));
}

/** The pid that the monitor wrote about itself; undefined when the file is not there (yet). */
export function readMonitorPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
