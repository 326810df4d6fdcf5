import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { connectToMonitor, DetachDetector } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import type { HijackedStream } from './hijack.ts';

export interface BridgeOptions {
  /** The container's (or exec session's) attach socket. */
  socket: string;
  /** Output of a terminal is one stream and goes as it is; without one it goes in frames. */
  terminal: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Parsed; empty: none. */
  detachKeys: Buffer;
  signal: AbortSignal;
}

/**
 * Connects a client to a program's streams. Bytes go by threads of the addon through a socket pair, so that neither a slow client nor a
 * program that does not read holds up others. Resolves at the end of the output, or when the client detached or has gone.
 */
export function bridgeStreams(engine: Engine, client: HijackedStream, options: BridgeOptions): Promise<void> {
  const { syscalls } = engine;
  const program = connectToMonitor(syscalls, options.socket);
  const [ours, theirs] = syscalls.socketPair();
  const closeProgram = once(() => {
    syscalls.shutdownBoth(program);
    closeSync(program);
  });
  const closeTheirs = once(() => {
    syscalls.shutdownBoth(theirs);
    closeSync(theirs);
  });
  const output = syscalls.pumpAttach(
    program,
    options.stdout ? theirs : -1,
    options.stderr ? theirs : -1,
    options.terminal ? 0 : 1,
  );
  if (options.stdin) syscalls.pumpInput(theirs, program).catch(ignore);
  const local = new Socket({ fd: ours, readable: true, writable: true, allowHalfOpen: true });
  local.on('error', ignore);
  void output
    .catch((error: unknown) => log('debug', `output of an attached container: ${messageOf(error)}`))
    .then(() => {
      // All has been written to the pair: whoever reads it comes to an end after the last byte.
      closeTheirs();
      closeProgram();
    });
  return new Promise((resolve) => {
    const finish = once(() => {
      options.signal.removeEventListener('abort', finish);
      closeProgram();
      local.destroy();
      resolve();
    });
    options.signal.addEventListener('abort', finish);
    local.on('end', finish);
    local.on('close', finish);
    client.output.on('error', finish);
    local.pipe(client.output, { end: false });
    if (options.stdin) forwardInput(client, local, { keys: options.detachKeys, detach: finish });
    else client.input.resume();
    if (options.signal.aborted) finish();
  });
}

function forwardInput(
  client: HijackedStream,
  local: Socket,
  { keys, detach }: { keys: Buffer; detach: () => void },
): void {
  const { input } = client;
  const detector = new DetachDetector(keys);
  input.on('data', (chunk: Buffer) => {
    const { pass, detach: typed } = detector.feed(chunk);
    if (pass.length > 0 && !local.destroyed && !local.write(pass)) {
      input.pause();
      local.once('drain', () => input.resume());
    }
    if (typed) detach();
  });
  // A connection without anything to read may have told its end before anybody listened.
  if (input.readableEnded) local.end();
  else input.on('end', () => local.end());
  input.on('error', ignore);
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    try {
      work();
    } catch (error) {
      // The other side was first.
      log('debug', messageOf(error));
    }
  };
}

function ignore(): void {
  // The end of the connection is seen by its reader.
}
