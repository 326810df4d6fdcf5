import { parentPort } from 'node:worker_threads';
import { IntegrityError, messageOf, TspodError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import { RingAbortedError, type RingMemory, RingReader } from './byte-ring.ts';
import type { UnpackFailure, UnpackJob, UnpackResult } from './unpack/unpack-job.ts';
import { unpackLayer } from './unpack/unpack-layer.ts';

/** Entry point of a worker thread: unpacks one layer after the other, each from the ring that comes with it. */
export interface ApplyRequest {
  job: UnpackJob;
  ring: RingMemory;
}

export type ApplyReply = { result: UnpackResult } | { failure: UnpackFailure };

parentPort?.on('message', (request: ApplyRequest) => {
  parentPort?.postMessage(run(request));
});

function run(request: ApplyRequest): ApplyReply {
  const ring = new RingReader(request.ring);
  try {
    return { result: unpackLayer(syscalls(), request.job, () => ring.next(), ring) };
  } catch (error) {
    return { failure: describe(error) };
  }
}

function describe(error: unknown): UnpackFailure {
  const kind =
    error instanceof RingAbortedError
      ? 'aborted'
      : error instanceof IntegrityError
        ? 'integrity'
        : error instanceof TspodError
          ? 'storage'
          : 'bug';
  return {
    kind,
    message: messageOf(error),
    hint: error instanceof TspodError ? error.hint : undefined,
    stack: error instanceof Error ? error.stack : undefined,
  };
}
