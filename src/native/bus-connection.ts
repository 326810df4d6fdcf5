import { connect, type Socket } from 'node:net';
import { TspodError } from '../base/errors.ts';
import { type BusCall, type BusMessage, BusReader, decodeMessage, encodeCall } from './bus-message.ts';

/** What the other side answered a call with, when that is an error. */
export class BusError extends TspodError {
  readonly busName: string;

  constructor(busName: string, text: string) {
    super(text);
    this.busName = busName;
  }
}

export interface BusConnection {
  /** Resolves with the answer; rejects with BusError. */
  call(call: BusCall): Promise<BusMessage>;
  /** The first signal from now on of which `accept` is true. */
  signal(accept: (message: BusMessage) => boolean): Promise<BusMessage>;
  /** What still waits is rejected. */
  close(): void;
}

/** All at once: who we are is what the kernel tells the bus, so there is nothing to wait for. */
const HANDSHAKE = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';
const BUS = 'org.freedesktop.DBus';

/** Connects to a bus at a unix socket (`/path`, or `\0name` in the abstract space). Everything waits for at most `deadlineMs`. */
export function openBus(address: string, deadlineMs: number): BusConnection {
  const waiting = new Map<number, Waiter>();
  const signals = new Set<Waiter & { accept: (message: BusMessage) => boolean }>();
  let serial = 0;
  let failure: Error | undefined;
  const socket = connect(address);
  const fail = (error: Error): void => {
    failure ??= error;
    clearTimeout(timer);
    socket.destroy();
    for (const waiter of [...waiting.values(), ...signals]) waiter.reject(failure);
    waiting.clear();
    signals.clear();
  };
  const timer = setTimeout(
    () => fail(new Error(`no answer from the message bus within ${deadlineMs} ms`)),
    deadlineMs,
  );
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the message bus closed the connection')));
  socket.write(HANDSHAKE, 'latin1');
  readMessages(socket, fail, (message) => {
    const waiter = message.replyTo === undefined ? undefined : waiting.get(message.replyTo);
    if (waiter !== undefined) {
      waiting.delete(message.replyTo ?? 0);
      if (message.kind === 'error') waiter.reject(errorFrom(message));
      else waiter.resolve(message);
      return;
    }
    for (const listener of signals) {
      if (message.kind !== 'signal' || !listener.accept(message)) continue;
      signals.delete(listener);
      listener.resolve(message);
    }
  });
  const call = (request: BusCall): Promise<BusMessage> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure);
      serial++;
      waiting.set(serial, { resolve, reject });
      socket.write(encodeCall(request, serial));
    });
  // A bus that refuses us closes the connection, and every later call says so.
  call({ destination: BUS, path: '/org/freedesktop/DBus', interface: BUS, member: 'Hello' }).catch(
    () => undefined,
  );
  return {
    call,
    signal: (accept) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure);
        else signals.add({ accept, resolve, reject });
      }),
    close: () => fail(new Error('the connection to the message bus was closed')),
  };
}

interface Waiter {
  resolve(message: BusMessage): void;
  reject(error: Error): void;
}

function readMessages(
  socket: Socket,
  fail: (error: Error) => void,
  take: (message: BusMessage) => void,
): void {
  let pending = Buffer.alloc(0);
  let authenticated = false;
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    try {
      while (!authenticated) {
        const end = pending.indexOf('\r\n');
        if (end === -1) return;
        const line = pending.toString('latin1', 0, end);
        pending = pending.subarray(end + 2);
        if (line.startsWith('OK')) authenticated = true;
        else if (!line.startsWith('DATA')) throw new Error(`the message bus refused us: ${line}`);
      }
      for (let next = decodeMessage(pending); next !== undefined; next = decodeMessage(pending)) {
        pending = pending.subarray(next.length);
        take(next.message);
      }
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function errorFrom(message: BusMessage): BusError {
  const name = message.errorName ?? 'unknown error';
  let text = name;
  try {
    text = new BusReader(message.body).string();
  } catch {
    // An error need not come with a text.
  }
  return new BusError(name, text);
}
