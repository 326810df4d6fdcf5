import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf, RuntimeError } from '../base/errors.ts';
import { explainRuntimeError, saysNoSuchContainer } from './runtime-errors.ts';

/** An OCI runtime and how tspod calls it. */
export interface RuntimeRef {
  /** `crun`, `runc`, `runsc`, … */
  name: string;
  path: string;
  /** Before the command: where it keeps its state, and --runtime-flag. */
  args: string[];
  /**
   * The runtime's directory per container is below it. Ours and not the runtime's own default, so that it lies in the run root,
   * that two run roots never meet, and that a rootless container needs no XDG_RUNTIME_DIR.
   */
  stateRoot: string;
  systemdCgroup: boolean;
  /** The container's processes are not processes of this host: signals must go through the runtime. */
  sandboxed: boolean;
}

/** No runtime command takes long; one that does is stuck. */
const DEADLINE_MS = 120_000;

/** Runs the user's command in a created container. Throws CommandNotFoundError and the like. */
export async function startInRuntime(runtime: RuntimeRef, id: string): Promise<void> {
  await call(runtime, ['start', id]);
}

/** To the container's first process. A container that is gone already is no error. */
export async function signalContainer(runtime: RuntimeRef, id: string, signal: number): Promise<void> {
  await callOnExisting(runtime, ['kill', id, String(signal)]);
}

export async function pauseContainer(runtime: RuntimeRef, id: string): Promise<void> {
  await call(runtime, ['pause', id]);
}

export async function resumeContainer(runtime: RuntimeRef, id: string): Promise<void> {
  await call(runtime, ['resume', id]);
}

/** `file` holds the limits to change as JSON, like `linux.resources` of the runtime's document. */
export async function updateResources(runtime: RuntimeRef, id: string, file: string): Promise<void> {
  await call(runtime, ['update', '--resources', file, id]);
}

/** Idempotent: a container that the runtime does not know is deleted. With `force` it is killed first. */
export async function deleteFromRuntime(
  runtime: RuntimeRef,
  id: string,
  options: { force?: boolean } = {},
): Promise<void> {
  await callOnExisting(runtime, ['delete', ...(options.force ? ['--force'] : []), id]);
}

export interface RuntimeState {
  status: 'creating' | 'created' | 'running' | 'paused' | 'stopped';
  /** 0 when it has none. */
  pid: number;
}

/** What the runtime says; undefined when it does not know the container. */
export async function readRuntimeState(runtime: RuntimeRef, id: string): Promise<RuntimeState | undefined> {
  const text = await callOnExisting(runtime, ['state', id]);
  if (text === undefined) return undefined;
  const state: unknown = JSON.parse(text);
  if (typeof state !== 'object' || state === null || !('status' in state))
    throw new RuntimeError(`${runtime.name} state ${id} answered without a status`, { detail: text });
  const pid = 'pid' in state && typeof state.pid === 'number' ? state.pid : 0;
  return { status: state.status as RuntimeState['status'], pid };
}

/** Pids, as the host sees them, of all processes in the container's cgroup. */
export async function listRuntimeProcesses(runtime: RuntimeRef, id: string): Promise<number[]> {
  const list: unknown = JSON.parse(await call(runtime, ['ps', '--format', 'json', id]));
  return Array.isArray(list) ? list.filter((pid) => typeof pid === 'number') : [];
}

/** Undefined when the runtime does not know the container. */
async function callOnExisting(runtime: RuntimeRef, words: string[]): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(runtime, words);
  if (code === 0) return stdout;
  if (saysNoSuchContainer(stderr)) return undefined;
  throw explainRuntimeError(stderr || `${words[0]} ended with status ${code}`, runtime.name);
}

async function call(runtime: RuntimeRef, words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(runtime, words);
  if (code !== 0) throw explainRuntimeError(stderr || `${words[0]} ended with status ${code}`, runtime.name);
  return stdout;
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function run(runtime: RuntimeRef, words: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(runtime.path, [...runtime.args, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on('error', (cause) =>
      reject(new RuntimeError(`cannot run ${runtime.path}: ${messageOf(cause)}`, { cause })),
    );
    child.on('close', (code, signal) => {
      if (signal !== null)
        reject(new RuntimeError(`${runtime.name} ${words[0]} was killed by ${signal}`, { detail: stderr() }));
      else resolve({ code: code ?? 1, stdout: stdout(), stderr: stderr() });
    });
  });
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8').trim();
}
