import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf, MonitorError } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { DetachDetector } from './detach-keys.ts';
import { tellMonitor } from './monitor-control.ts';
import { typeEnd } from './type-end.ts';

const writeAsync = promisify(write);
/** The largest packet that the monitor takes (monitor contract, attach socket). */
const MAX_PACKET = 32 * 1024;

export interface AttachStreams {
  /** Read and passed on; undefined: the container's input is left alone. */
  stdin: NodeJS.ReadStream | undefined;
  /** Descriptors; -1 discards. */
  stdoutFd: number;
  stderrFd: number;
}

export interface AttachOptions {
  syscalls: Syscalls;
  socket: string;
  streams: AttachStreams;
  /** Bytes that detach, already parsed; empty: none. */
  detachKeys: Buffer;
  /** stdin is a terminal and the container has one: no line editing here. */
  rawTerminal: boolean;
  /** The container has a terminal and stdin is none: its end is typed. */
  typesEnd?: boolean;
}

export type AttachEnd = 'eof' | 'detached' | 'reader-gone';

/** A connection to a container's streams. */
export interface Attachment {
  /** Resolves at the end of output, when nobody reads it any more, or when the detach keys were typed; the terminal is back to normal. */
  done: Promise<AttachEnd>;
  /** Starts to read stdin; before that nothing is taken from it. */
  forwardInput(): void;
  /** Restores the terminal; idempotent. */
  release(): void;
}

/** Connects at once; output flows on a thread of its own from here on. */
export function attach(options: AttachOptions): Attachment {
  const { syscalls, streams } = options;
  const socket = connectToMonitor(syscalls, options.socket);
  // Before the program can print: what it sends is meant for a terminal that changes nothing.
  const restore = options.rawTerminal ? rawTerminal(syscalls) : undefined;
  let release = restore ?? ((): void => undefined);
  let detached: (end: AttachEnd) => void = () => undefined;
  const byKeys = new Promise<AttachEnd>((resolve) => {
    detached = resolve;
  });
  const output = syscalls.pumpAttach(socket, streams.stdoutFd, streams.stderrFd);
  const done = Promise.race([output, byKeys]).then((end) => {
    release();
    if (end !== 'detached') closeSync(socket);
    return end;
  });
  return {
    done,
    forwardInput: () => {
      if (streams.stdin !== undefined)
        release = forwardInput(options, { stdin: streams.stdin, socket, restore }, () =>
          detached('detached'),
        );
    },
    release: () => release(),
  };
}

/** Throws MonitorError when there is no monitor any more. */
export function connectToMonitor(syscalls: Syscalls, socket: string): number {
  try {
    return syscalls.connectSeqpacket(socket);
  } catch (error) {
    if (!['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    throw new MonitorError(`cannot attach at ${socket}: the program has ended, or its monitor was killed`, {
      cause: error,
      hint: 'what it prints can be seen again after `tspod restart`',
    });
  }
}

function forwardInput(
  options: AttachOptions,
  input: { stdin: NodeJS.ReadStream; socket: number; restore: (() => void) | undefined },
  onDetach: () => void,
): () => void {
  const { stdin, socket, restore } = input;
  const detector = new DetachDetector(options.detachKeys);
  let ended = false;
  let sending: Promise<void> = Promise.resolve();
  const send = (chunk: Buffer): void => {
    sending = sending.then(() => sendAll(socket, chunk)).catch(() => undefined);
  };
  const onData = (chunk: Buffer): void => {
    const { pass, detach } = detector.feed(chunk);
    if (pass.length > 0) {
      // The container decides how fast: nothing more is read before it has taken this.
      stdin.pause();
      send(pass);
      void sending.then(() => {
        if (!ended) stdin.resume();
      });
    }
    if (detach) onDetach();
  };
  let stopTyping = (): void => undefined;
  const onEnd = (): void => {
    if (ended) return;
    if (options.typesEnd === true) {
      stopTyping = typeEnd(send);
      return;
    }
    void sending.then(() => {
      try {
        if (!ended) options.syscalls.shutdownWrite(socket);
      } catch {
        // The container has ended meanwhile.
      }
    });
  };
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  try {
    stdin.on('data', onData);
    stdin.resume();
  } catch {
    // What cannot be read at all, as a directory: some runtimes say so here, others by the event.
    onEnd();
  }
  return () => {
    if (ended) return;
    ended = true;
    stopTyping();
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
    restore?.();
    stdin.unref?.();
  };
}

/** Raw until the returned function is called, and at the latest when this process exits. */
function rawTerminal(syscalls: Syscalls): () => void {
  const saved = syscalls.setRawTerminal(STDIN);
  const restore = (): void => {
    process.off('exit', restore);
    syscalls.restoreTerminal(STDIN, saved);
  };
  process.on('exit', restore);
  return restore;
}

const STDIN = 0;

async function sendAll(socket: number, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length; offset += MAX_PACKET) {
    await writeAsync(socket, chunk.subarray(offset, offset + MAX_PACKET));
  }
}

/** Tells the monitor the size of the terminal. Best effort: the container may just be ending. */
export function resizeTerminal(control: string, size: { height: number; width: number }): void {
  tellMonitor(control, `1 ${size.height} ${size.width}\n`);
}
