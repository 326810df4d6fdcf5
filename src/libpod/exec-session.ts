import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { NotFoundError, RuntimeError, WrongStateError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { ensureDirectory } from '../base/paths.ts';
import { isLogged, logLevel } from '../base/log.ts';
import { launchMonitor, type MonitorHandle } from '../conmon/launch-monitor.ts';
import { bundlePaths } from '../conmon/protocol.ts';
import { bootId, isAlive, isEnding, ownIdentity, startTimeOf } from '../native/process-identity.ts';
import { explainRuntimeError, explainUnexecuted } from '../oci/runtime-errors.ts';
import { stringifyRuntimeJson } from '../oci/runtime-json.ts';
import type { OciProcess } from '../oci/runtime-spec.ts';
import { allowReserve, type Row, transaction, transactionToTell } from '../state/db.ts';
import { FOR_REMOVALS } from '../state/reserve.ts';
import { EXEC_CREATE, FOR_DOCKER, recordEvent, timestamp } from '../state/events.ts';
import { beginCgroupMove } from './cgroup-head-start.ts';
import { type ContainerRecord, getContainer, lookupContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { type ExecRequest, execProcess } from './exec-process.ts';
import { monitorEnvironment, preserveArguments } from './monitor-arguments.ts';
import { placeExecMonitor } from './monitor-cgroup.ts';
import { observe } from './observe.ts';
import { runtimeOf } from './runtime-of.ts';

export interface ExecOptions {
  /** Called when the session's attach socket listens, before the program runs. Absent: detached. */
  attach?: (attachSocket: string) => Promise<void> | void;
  /** One that `newId` made, for clients that know it before the start. */
  id?: string;
  /** It is in no list and gives no events: less to write for programs that come by the hundred. Not for detached ones. */
  unrecorded?: boolean;
  /** Descriptors of this process that the program gets as 3 and on; -1: that one is /dev/null. */
  preserveFds?: readonly number[];
}

export interface ExecSession {
  id: string;
  pid: number;
  monitor: MonitorHandle;
  /** Fifo for the size of its terminal. */
  control: string;
  /** Undefined when its monitor was killed. Also cleans up after it. */
  finished(): Promise<ExecEnd | undefined>;
}

export interface ExecEnd {
  exitCode: number;
  /** Why the program never ran. */
  unexecuted?: RuntimeError;
}

/** Runs one more program in a running container. WrongStateError when it does not run; typed errors for 126 and 127. */
export async function startExec(
  libpod: Libpod,
  nameOrId: string,
  request: ExecRequest,
  options: ExecOptions,
): Promise<ExecSession> {
  beginCgroupMove();
  const container = runningContainer(libpod, nameOrId);
  const id = options.id ?? newId();
  const directory = execDirectory(libpod, container.id, id);
  let monitor: MonitorHandle | undefined;
  let process: OciProcess | undefined;
  try {
    ensureDirectory(directory);
    const processFile = join(directory, 'process.json');
    const document = await execProcess(libpod, container, request);
    process = document;
    writeFileAtomic(processFile, stringifyRuntimeJson(document), { durable: false });
    if (!options.unrecorded) {
      // It may be what clears the disk up.
      allowReserve(libpod.db, FOR_REMOVALS);
      dropDeadSessions(libpod, container.id);
      insertSession(libpod, container, id, request);
    }
    crashPoint('exec-after-row');
    monitor = launchMonitor({
      syscalls: libpod.syscalls,
      program: libpod.monitorProgram,
      foreign: libpod.foreignMonitor,
      args: [
        ...execArguments(libpod, container, { id, directory, processFile, request }),
        ...preserveArguments(options.preserveFds?.length ?? 0),
      ],
      preserveFds: options.preserveFds,
      env: monitorEnvironment(libpod.config),
      attachFirst: true,
      reportExit: false,
      place: (pid) => placeExecMonitor(libpod, container, pid, request.detached === true),
    });
    await monitor.attachReady();
    await options.attach?.(bundlePaths(directory).attach);
    crashPoint('exec-before-go');
    monitor.go();
    const message = await monitor.started();
    if (message.data < 0)
      throw explainRuntimeError(
        message.message ?? 'the runtime gave no reason',
        runtimeOf(libpod, container).name,
      );
    crashPoint('exec-after-start');
    if (!options.unrecorded)
      transactionToTell(
        libpod.db,
        () => markRunning(libpod, id, message.data),
        () => {
          const made = options.id === undefined ? { [FOR_DOCKER.made]: 'true' } : {};
          const attributes = { ...execAttributes(id, request.command), ...made };
          recordEvent(libpod.db, eventFor(container, 'exec', attributes));
        },
      );
    const started = monitor;
    return {
      id,
      pid: message.data,
      monitor: started,
      control: bundlePaths(directory).control,
      finished: () =>
        finish(
          libpod,
          container,
          { id, unrecorded: options.unrecorded === true, process: document },
          started,
        ),
    };
  } catch (error) {
    monitor?.close();
    removeExec(libpod, container.id, id);
    if (!isStillRunning(libpod, container)) throw endedMeanwhile(container, error);
    const explained = process && (await explainProgram(libpod, container, { error, process }));
    throw await explainLostRecord(libpod, container, explained ?? error);
  }
}

async function explainProgram(
  libpod: Libpod,
  container: ContainerRecord,
  { error, process }: { error: unknown; process: OciProcess },
): Promise<unknown> {
  if (!(error instanceof RuntimeError)) return error;
  const { explainExecProgram } = await import('./explain-program.ts');
  return await explainExecProgram(libpod, container, { error, process });
}

/** A runtime that no longer knows a container which runs says so in many ways, none of which helps. */
async function explainLostRecord(
  libpod: Libpod,
  container: ContainerRecord,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof RuntimeError) || error.constructor !== RuntimeError) return error;
  const runtime = runtimeOf(libpod, container);
  const { readRuntimeState } = await import('../oci/runtime-client.ts');
  const state = await readRuntimeState(runtime, container.id).catch(() => undefined);
  if (state !== undefined) return error;
  const lost = `${runtime.name} cannot read its record of container ${container.name}`;
  return new RuntimeError(`${lost}: ${error.message}`, {
    cause: error,
    hint: `restart it: tspod restart ${container.name}`,
  });
}

function runningContainer(libpod: Libpod, nameOrId: string): ContainerRecord {
  const container = observe(libpod, lookupContainer(libpod.db, nameOrId));
  if (container.state === 'running') return container;
  throw new WrongStateError(
    `can only create exec sessions on running containers: container ${container.name} is ${container.state}: container state improper`,
    container.state === 'paused'
      ? { docker: `container ${container.id} is paused, unpause the container before exec` }
      : {
          docker: `container ${container.id} is not running`,
          hint: `start it first: tspod start ${container.name}`,
        },
  );
}

function isStillRunning(libpod: Libpod, container: ContainerRecord): boolean {
  const now = getContainer(libpod.db, container.id);
  return now !== undefined && observe(libpod, now).state === 'running' && !isEnding(now.pid);
}

/** Whatever went wrong, this is why. */
function endedMeanwhile(container: ContainerRecord, cause: unknown): WrongStateError {
  return new WrongStateError(
    `cannot run a program in container ${container.name}: it is being stopped or removed: container state improper`,
    { cause },
  );
}

async function finish(
  libpod: Libpod,
  container: ContainerRecord,
  session: { id: string; unrecorded: boolean; process: OciProcess },
  monitor: MonitorHandle,
): Promise<ExecEnd | undefined> {
  const message = await monitor.nextMessage();
  monitor.close();
  const { id } = session;
  if (session.unrecorded) removeFiles(libpod, container.id, id);
  else {
    endSession(libpod, container, id, message?.data);
    removeFiles(libpod, container.id, id);
  }
  if (message === undefined) return undefined;
  if (message.message === undefined) return { exitCode: message.data };
  const error = explainUnexecuted(message.message, runtimeOf(libpod, container).name);
  const { explainExecProgram } = await import('./explain-program.ts');
  return {
    exitCode: message.data,
    unexecuted: await explainExecProgram(libpod, container, { error, process: session.process }),
  };
}

/** Told once, whoever comes first: who waits for a detached one, or its monitor's exit command. */
function endSession(
  libpod: Libpod,
  container: ContainerRecord,
  id: string,
  exitCode: number | undefined,
): void {
  const died = { execID: id, exitCode: String(exitCode ?? '') };
  let isFirst = false;
  const remove = (): void => {
    isFirst = Number(libpod.db.prepare('DELETE FROM exec_sessions WHERE id = ?').run(id).changes) > 0;
  };
  transactionToTell(libpod.db, remove, () => {
    if (isFirst) recordEvent(libpod.db, eventFor(container, 'exec_died', died));
  });
}

/** What the monitor's exit command has to do for a detached one. Idempotent. */
export function cleanupExec(libpod: Libpod, containerId: string, id: string): void {
  const container = getContainer(libpod.db, containerId);
  if (container !== undefined) endSession(libpod, container, id, exitCodeIn(libpod, containerId, id));
  removeExec(libpod, containerId, id);
}

function exitCodeIn(libpod: Libpod, containerId: string, id: string): number | undefined {
  try {
    return Number(readFileSync(join(execDirectory(libpod, containerId, id), containerId), 'utf8'));
  } catch {
    return undefined;
  }
}

/** What an exec session leaves behind. Idempotent. */
export function removeExec(libpod: Libpod, containerId: string, id: string): void {
  transaction(libpod.db, () => libpod.db.prepare('DELETE FROM exec_sessions WHERE id = ?').run(id), false);
  removeFiles(libpod, containerId, id);
}

function removeFiles(libpod: Libpod, containerId: string, id: string): void {
  rmSync(execDirectory(libpod, containerId, id), { recursive: true, force: true });
}

/** Ids of a container's running sessions. */
export function execIds(libpod: Libpod, containerId: string): string[] {
  const rows = libpod.db
    .prepare('SELECT id FROM exec_sessions WHERE container_id = ? ORDER BY created_at')
    .all(containerId) as Row[];
  return rows.map((row) => String(row['id']));
}

export function lookupExec(libpod: Libpod, id: string): { id: string; containerId: string } {
  const row = libpod.db.prepare('SELECT id, container_id FROM exec_sessions WHERE id = ?').get(id) as
    | Row
    | undefined;
  if (row === undefined) throw new NotFoundError('exec session', id);
  return { id: String(row['id']), containerId: String(row['container_id']) };
}

interface SessionFiles {
  id: string;
  directory: string;
  processFile: string;
  request: ExecRequest;
}

function execArguments(libpod: Libpod, container: ContainerRecord, session: SessionFiles): string[] {
  const runtime = runtimeOf(libpod, container);
  const args = [
    '--api-version',
    '1',
    '-c',
    container.id,
    '-u',
    session.id,
    '-r',
    runtime.path,
    '-b',
    session.directory,
  ];
  args.push('-p', join(session.directory, 'pidfile'), '-n', container.name, '--exit-dir', session.directory);
  args.push('--full-attach', '-l', 'none', '--log-level', isLogged('debug') ? 'debug' : logLevel());
  args.push('-e', '--exec-attach', '--exec-process-spec', session.processFile);
  for (const word of runtime.args) args.push('--runtime-arg', word);
  if (session.request.terminal) args.push('-t');
  if (session.request.stdin) args.push('-i');
  const [cleanup, ...cleanupArgs] = libpod.cleanupCommand;
  if (session.request.detached && cleanup !== undefined) {
    args.push('--exit-command', cleanup);
    for (const word of [...cleanupArgs, 'container', 'cleanup', '--exec', session.id, container.id]) {
      args.push('--exit-command-arg', word);
    }
  }
  return args;
}

/** Until it runs, the process in charge of a session is the one that starts it; then it is the program itself. */
function insertSession(libpod: Libpod, container: ContainerRecord, id: string, request: ExecRequest): void {
  const { pid, startTime } = ownIdentity();
  const insert = libpod.db.prepare(
    'INSERT INTO exec_sessions (id, container_id, config, state, pid, monitor_start, boot_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const values = [
    id,
    container.id,
    JSON.stringify(request),
    'created',
    pid,
    startTime,
    bootId(),
    timestamp(),
  ];
  transaction(libpod.db, () => insert.run(...values), false);
}

/** One that a client makes now and starts later, if it does. */
export function recordExecCreate(
  libpod: Libpod,
  container: ContainerRecord,
  exec: { id: string; command: readonly string[] },
): void {
  const event = eventFor(container, EXEC_CREATE, execAttributes(exec.id, exec.command));
  transaction(libpod.db, () => recordEvent(libpod.db, event), false);
}

/** docker puts a blank after the program even where no words follow. */
function execAttributes(execID: string, [program = '', ...words]: readonly string[]): Record<string, string> {
  return { execID, [FOR_DOCKER.command]: `${program} ${words.join(' ')}` };
}

function markRunning(libpod: Libpod, id: string, pid: number): void {
  libpod.db
    .prepare("UPDATE exec_sessions SET state = 'running', pid = ?, monitor_start = ? WHERE id = ?")
    .run(pid, startTimeOf(pid) ?? null, id);
}

/** Of sessions whose client was killed nobody else takes notice. */
function dropDeadSessions(libpod: Libpod, containerId: string): void {
  const rows = libpod.db
    .prepare('SELECT id, pid, monitor_start FROM exec_sessions WHERE container_id = ?')
    .all(containerId) as Row[];
  for (const row of rows) {
    const startTime = row['monitor_start'] === null ? undefined : String(row['monitor_start']);
    if (!isAlive({ pid: Number(row['pid']), startTime })) removeExec(libpod, containerId, String(row['id']));
  }
}

function execDirectory(libpod: Libpod, containerId: string, id: string): string {
  return join(containerPaths(libpod.paths, containerId).bundle.bundle, 'exec', id);
}

function eventFor(container: ContainerRecord, action: string, attributes: Record<string, string>) {
  return {
    kind: 'container' as const,
    action,
    objectId: container.id,
    name: container.name,
    attributes: { ...container.spec.labels, image: container.imageName, ...attributes },
  };
}
