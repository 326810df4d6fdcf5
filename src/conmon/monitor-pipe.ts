import { closeSync, writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';

/** This process's end of one of the monitor's pipes (a socket pair). */
export interface MonitorPipe {
  /** The end that the monitor inherits; given up with `handedOver` once it runs. */
  readonly theirs: number;
  handedOver(): void;
  /** The next line; undefined when the other end is closed. */
  readLine(): Promise<string | undefined>;
  /** A peer that has gone is no error. */
  write(text: string): void;
  /** The peer sees end of file. Idempotent. */
  close(): void;
}

export function openMonitorPipe(syscalls: Syscalls): MonitorPipe {
  const [ours, theirs] = syscalls.socketPair();
  let reading: Promise<string | undefined> = Promise.resolve(undefined);
  let closed = false;
  return {
    theirs,
    handedOver: () => closeSync(theirs),
    readLine: () => {
      if (closed) return Promise.resolve(undefined);
      reading = reading.then(() => (closed ? undefined : syscalls.readLine(ours)));
      return reading;
    },
    write: (text) => {
      if (closed) return;
      try {
        writeSync(ours, text);
      } catch (error) {
        const code = errnoOf(error);
        if (code !== 'EPIPE' && code !== 'ECONNRESET') throw error;
      }
    },
    close: () => {
      if (closed) return;
      closed = true;
      try {
        syscalls.shutdownBoth(ours);
      } catch {
        // The peer was first.
      }
      // A reader on its thread still has the number: it must not be given to another file before that has returned.
      void reading.catch(() => undefined).then(() => closeSync(ours));
    },
  };
}
