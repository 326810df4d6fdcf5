import { Worker } from 'node:worker_threads';
import { IntegrityError, StorageError } from '../base/errors.ts';
import type { ApplyReply, ApplyRequest } from './apply-worker.ts';
import { createRing, type RingMemory, RingWriter } from './byte-ring.ts';
import type { UnpackFailure, UnpackJob, UnpackResult } from './unpack/unpack-job.ts';

/** One layer being unpacked: fill `ring`, end it, await `result`. */
export interface RunningUnpack {
  ring: RingWriter;
  /** Undefined when the ring was aborted. */
  result: Promise<UnpackResult | undefined>;
}

interface Thread {
  worker: Worker;
  memory: RingMemory;
  ring: RingWriter;
}

/** More would only fight for the disk; further layers wait their turn. */
const MAX_THREADS = 2;
const idle: Thread[] = [];
const waiting: ((thread: Thread | undefined) => void)[] = [];
let threads = 0;

/** Starts on a worker thread as soon as one is free. Idle threads do not keep the process alive. */
export async function startUnpack(job: UnpackJob): Promise<RunningUnpack> {
  const thread = await takeThread();
  thread.ring.reset();
  return { ring: thread.ring, result: run(thread, job) };
}

async function run(thread: Thread, job: UnpackJob): Promise<UnpackResult | undefined> {
  const { worker, memory } = thread;
  worker.ref();
  const reply = await new Promise<ApplyReply>((resolve, reject) => {
    const onExit = (code: number): void => fail(new Error(`the unpacking thread ended with code ${code}`));
    const onMessage = (message: ApplyReply): void => {
      settle();
      resolve(message);
    };
    const fail = (error: Error): void => {
      settle();
      threads -= 1;
      wakeOne(undefined);
      reject(error);
    };
    const settle = (): void => {
      worker.off('message', onMessage).off('error', fail).off('exit', onExit);
    };
    worker.on('message', onMessage).on('error', fail).on('exit', onExit);
    worker.postMessage({ job, ring: memory } satisfies ApplyRequest);
  });
  worker.unref();
  giveBack(thread);
  if ('result' in reply) return reply.result;
  if (reply.failure.kind === 'aborted') return undefined;
  throw rebuild(reply.failure);
}

async function takeThread(): Promise<Thread> {
  for (;;) {
    const free = idle.pop();
    if (free !== undefined) return free;
    if (threads < MAX_THREADS) return makeThread();
    const handed = await new Promise<Thread | undefined>((resolve) => waiting.push(resolve));
    if (handed !== undefined) return handed;
  }
}

function giveBack(thread: Thread): void {
  if (waiting.length > 0) wakeOne(thread);
  else idle.push(thread);
}

function wakeOne(thread: Thread | undefined): void {
  waiting.shift()?.(thread);
}

function makeThread(): Thread {
  threads += 1;
  // Beside this file, in the sources as in the bundle.
  const name = import.meta.url.endsWith('.ts') ? './apply-worker.ts' : './apply-worker.js';
  // Node would warn of every descriptor that the addon has opened.
  const worker = new Worker(new URL(name, import.meta.url), {
    name: 'tspod-unpack',
    trackUnmanagedFds: false,
    // Almost all that it makes is garbage at once.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  const memory = createRing();
  return { worker, memory, ring: new RingWriter(memory) };
}

function rebuild(failure: UnpackFailure): Error {
  const details = failure.hint === undefined ? {} : { hint: failure.hint };
  if (failure.kind === 'integrity') return new IntegrityError(failure.message, details);
  if (failure.kind === 'storage') return new StorageError(failure.message, details);
  const bug = new Error(failure.message);
  if (failure.stack !== undefined) bug.stack = failure.stack;
  return bug;
}
