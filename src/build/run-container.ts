import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { attach, type Attachment } from '../conmon/attach-client.ts';
import { sendSignal } from '../libpod/signal.ts';
import { startContainer, type StartedContainer } from '../libpod/start.ts';
import { waitForOwnExit } from '../libpod/wait-for-exit.ts';
import type { BuildHost } from './build-host.ts';

export interface RunWish {
  containerId: string;
  /** For the program alone: no row holds them. */
  secretEnv: readonly string[];
  output: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  signal: AbortSignal | undefined;
  /** What the program reads; undefined: nothing. */
  stdin: NodeJS.ReadStream | undefined;
}

const SIGKILL = 9;

/** Starts the container, hands its output on, waits for its end. Returns its status; when the signal aborts, it is killed. */
export async function runContainer(host: BuildHost, wish: RunWish): Promise<number> {
  const { signal } = wish;
  signal?.throwIfAborted();
  let streams: Streams | undefined;
  let started: StartedContainer | undefined;
  let onAbort: (() => void) | undefined;
  try {
    started = await startContainer(host, wish.containerId, {
      stay: true,
      endWithCaller: true,
      secretEnv: wish.secretEnv,
      attach: (socket) => {
        streams = connect(host, socket, wish);
      },
    });
    const { record } = started;
    onAbort = () => void sendSignal(host, record, SIGKILL).catch(() => undefined);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    streams?.forwardInput();
    await streams?.done;
    const exit = await waitForOwnExit(host, started);
    signal?.throwIfAborted();
    if (exit.unexecuted !== undefined) throw exit.unexecuted;
    return exit.lost ? LOST : exit.exitCode;
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    streams?.close();
  }
}

const LOST = 125;

interface Streams {
  /** All output has been handed on. */
  done: Promise<void>;
  /** The program runs. */
  forwardInput(): void;
  close(): void;
}

/** The attach socket is copied by a thread to descriptors: these are socket pairs that end here. */
function connect(host: BuildHost, socket: string, { output, stdin }: RunWish): Streams {
  const { syscalls } = host;
  const out = syscalls.socketPair();
  const err = syscalls.socketPair();
  const readers = [
    read(out[0], (chunk) => output('stdout', chunk)),
    read(err[0], (chunk) => output('stderr', chunk)),
  ];
  let open = [out[1], err[1]];
  const closeWriters = (): void => {
    for (const fd of open.splice(0)) closeSync(fd);
    open = [];
  };
  let attachment: Attachment;
  try {
    attachment = attach({
      syscalls,
      socket,
      streams: { stdin, stdoutFd: out[1], stderrFd: err[1] },
      detachKeys: Buffer.alloc(0),
      rawTerminal: false,
    });
  } catch (error) {
    closeWriters();
    throw error;
  }
  const done = attachment.done.then(closeWriters, (error: unknown) => {
    closeWriters();
    throw error;
  });
  const all = Promise.all([done, ...readers.map((reader) => reader.ended)]).then(() => undefined);
  // Should the start fail, nobody waits for it.
  all.catch(() => undefined);
  return {
    done: all,
    forwardInput: () => attachment.forwardInput(),
    close: () => {
      attachment.release();
      for (const reader of readers) reader.socket.destroy();
    },
  };
}

function read(fd: number, take: (chunk: Buffer) => void): { socket: Socket; ended: Promise<void> } {
  const socket = new Socket({ fd, readable: true, writable: false });
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('data', take);
  socket.on('error', () => socket.destroy());
  return { socket, ended };
}
