import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import {
  InvalidSpecError,
  NotFoundError,
  RuntimeError,
  UnsupportedError,
  WrongStateError,
} from '../base/errors.ts';
import { findKernelObstacle, readCriuReason } from '../oci/criu.ts';
import { type CriuStatistics, readCriuStatistics } from '../oci/criu-stats.ts';
import { resumeContainer } from '../oci/runtime-client.ts';
import { checkpointInRuntime, requireCheckpoints } from '../oci/runtime-checkpoint.ts';
import { stringifyRuntimeJson } from '../oci/runtime-json.ts';
import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { copyTree } from '../storage/copy-tree.ts';
import { syncFileSystem } from '../storage/new-layer.ts';
import {
  beginFiles,
  CHECKPOINT_FILES,
  checkpointPaths,
  completeCheckpoint,
  networkStatus,
} from './checkpoint-files.ts';
import { podmanConfig, podmanSpec } from './checkpoint-config.ts';
import { promiseCleanup } from './cleanup-promise.ts';
import { type ContainerRecord, getContainer, updateContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle, settlePods } from './settle.ts';
import { waitForEnd } from './stop.ts';

export interface CheckpointOptions {
  leaveRunning: boolean;
  tcpEstablished: boolean;
  fileLocks: boolean;
  /** Only the memory is written, for a checkpoint `withPrevious` later; the container runs on. */
  preCheckpoint: boolean;
  withPrevious: boolean;
  statistics: boolean;
  /** The checkpoint goes elsewhere as well: only so is one made of a container that is removed at its end. */
  exported: boolean;
}

export interface CheckpointReport {
  /** How long the runtime took, in microseconds. */
  runtimeDuration: number;
  statistics: CriuStatistics | undefined;
}

/** How long the processes that CRIU has ended may take to be gone. */
const END_WAIT_MS = 60_000;

/**
 * Has the runtime write the processes of a running container to files from which `restoreContainer` continues them. Unless it is left
 * running, the container ends with that: killed at any moment, it either runs on, or has ended with a checkpoint that is whole.
 */
export async function checkpointContainer(
  libpod: Libpod,
  id: string,
  options: CheckpointOptions,
): Promise<CheckpointReport> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    checkState(libpod, record, options);
    await requireCheckpoints(runtimeOf(libpod, record));
    return await make(libpod, record, options);
  } finally {
    lock.release();
    await settlePods(libpod);
  }
}

function checkState(libpod: Libpod, record: ContainerRecord, options: CheckpointOptions): void {
  const { state, name, id, spec } = record;
  if (state !== 'running')
    throw new WrongStateError(
      `"${state}" is not running, cannot checkpoint container ${name}: container state improper`,
    );
  if (spec.autoRemove && !options.exported)
    throw new InvalidSpecError(
      `cannot checkpoint container ${name}: it has been started with '--rm', and is removed at its end unless '--export' is used`,
    );
  if (spec.userNamespace !== undefined)
    throw new UnsupportedError(
      `cannot checkpoint container ${name}: it has a user namespace of its own, into which CRIU cannot restore it`,
    );
  if (
    options.withPrevious &&
    !existsSync(join(checkpointPaths(libpod.paths, id).whole, CHECKPOINT_FILES.preImages))
  )
    throw new InvalidSpecError(
      `cannot use --with-previous: there is no pre-checkpoint of container ${name}`,
      {
        hint: `make one first: tspod container checkpoint --pre-checkpoint ${name}`,
      },
    );
}

async function make(
  libpod: Libpod,
  record: ContainerRecord,
  options: CheckpointOptions,
): Promise<CheckpointReport> {
  const { id } = record;
  const { unfinished } = checkpointPaths(libpod.paths, id);
  const ends = !options.leaveRunning && !options.preCheckpoint;
  await beginFiles(libpod, id);
  describe(libpod, record, unfinished);
  if (options.withPrevious) await takePrevious(libpod, id);
  const before = record.facts;
  if (ends) updateContainer(libpod.db, id, { facts: { ...before, checkpointing: true } });
  crashPoint('checkpoint-before-dump');
  const promise = ends ? promiseCleanup(libpod, record) : undefined;
  try {
    const runtimeDuration = await dump(libpod, record, options);
    crashPoint('checkpoint-after-dump');
    const statistics = options.statistics
      ? readCriuStatistics(join(unfinished, CHECKPOINT_FILES.dumpStatistics), 'dump')
      : undefined;
    if (options.preCheckpoint) await completePrevious(libpod, id);
    else if (ends) {
      if (!(await waitForEnd(libpod, record, END_WAIT_MS)))
        throw new WrongStateError(`the processes of container ${record.name} survive their checkpoint`);
      await settle(libpod, id);
      promise?.keep();
    } else {
      await completeCheckpoint(libpod, record);
      tellCheckpoint(libpod, record);
    }
    return { runtimeDuration, statistics };
  } catch (error) {
    const now = getContainer(libpod.db, id);
    if (now !== undefined && observe(libpod, now).state === 'running') {
      await thaw(libpod, record);
      updateContainer(libpod.db, id, { facts: before });
      await libpod.syscalls.removeTree(unfinished);
    }
    throw error;
  } finally {
    promise?.release();
  }
}

/** A CRIU that was killed leaves the container frozen. */
async function thaw(libpod: Libpod, record: ContainerRecord): Promise<void> {
  try {
    await resumeContainer(runtimeOf(libpod, record), record.id);
  } catch {
    // It is not.
  }
}

async function dump(libpod: Libpod, record: ContainerRecord, options: CheckpointOptions): Promise<number> {
  const { unfinished } = checkpointPaths(libpod.paths, record.id);
  const runtime = runtimeOf(libpod, record);
  const start = monotonicMs();
  const failure = await checkpointInRuntime(runtime, record.id, {
    images: join(unfinished, options.preCheckpoint ? CHECKPOINT_FILES.preImages : CHECKPOINT_FILES.images),
    work: unfinished,
    leaveRunning: options.leaveRunning,
    tcpEstablished: options.tcpEstablished,
    fileLocks: options.fileLocks,
    preDump: options.preCheckpoint,
    parent: options.withPrevious ? `../${CHECKPOINT_FILES.preImages}` : undefined,
  });
  if (failure !== undefined) throw await explain(libpod, record, failure);
  return Math.round((monotonicMs() - start) * 1000);
}

/** CRIU's own words, which the runtime leaves to its log. The log stays. */
async function explain(libpod: Libpod, record: ContainerRecord, failure: string): Promise<RuntimeError> {
  const { unfinished } = checkpointPaths(libpod.paths, record.id);
  const log = join(unfinished, CHECKPOINT_FILES.dumpLog);
  const kept = dumpLogOf(libpod, record.id);
  if (existsSync(log)) copyFileSync(log, kept);
  const reason = readCriuReason(log);
  if (reason === '')
    return new RuntimeError(`cannot checkpoint container ${record.name}: ${failure}`, {
      detail: failure,
      ...(failure.includes('libcriu') ? { hint: LIBRARY } : {}),
    });
  const hint = (await remedyOf(reason)) ?? `its log is ${kept}`;
  return new RuntimeError(`cannot checkpoint container ${record.name}: CRIU says: ${reason}`, {
    detail: failure,
    hint,
  });
}

const LIBRARY =
  'crun calls CRIU by its library: the package is libcriu2 in Debian; runc does without it (--runtime runc)';

async function remedyOf(reason: string): Promise<string | undefined> {
  const program = /execvp\("([^"]+)"/.exec(reason)?.[1];
  if (program !== undefined) return `CRIU calls ${program}, which is not installed here`;
  const obstacle = await findKernelObstacle();
  return obstacle === undefined
    ? undefined
    : `this CRIU does not fit this kernel: criu check says: ${obstacle}`;
}

/** Of the last attempt that failed. */
export function dumpLogOf(libpod: Libpod, id: string): string {
  return join(containerPaths(libpod.paths, id).directory, CHECKPOINT_FILES.dumpLog);
}

/** What it was made from, for those who restore it elsewhere. */
function describe(libpod: Libpod, record: ContainerRecord, directory: string): void {
  const { bundle } = containerPaths(libpod.paths, record.id);
  const document = JSON.parse(readFileSync(bundle.config, 'utf8')) as RuntimeSpec;
  const write = (name: string, text: string): void =>
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  write(CHECKPOINT_FILES.spec, stringifyRuntimeJson(podmanSpec(record, document, bundle.bundle)));
  write(CHECKPOINT_FILES.config, JSON.stringify(podmanConfig(libpod, record)));
  write(CHECKPOINT_FILES.network, JSON.stringify(networkStatus(record.facts.network ?? { networks: {} })));
}

/** The images that a checkpoint builds on lie beside its own. */
async function takePrevious(libpod: Libpod, id: string): Promise<void> {
  const { whole, unfinished } = checkpointPaths(libpod.paths, id);
  const copy = join(unfinished, CHECKPOINT_FILES.preImages);
  mkdirSync(copy, { mode: 0o700 });
  await copyTree(libpod.syscalls, join(whole, CHECKPOINT_FILES.preImages), copy, { hardLinks: true });
}

async function completePrevious(libpod: Libpod, id: string): Promise<void> {
  const { whole, unfinished } = checkpointPaths(libpod.paths, id);
  await syncFileSystem(libpod.syscalls, unfinished);
  mkdirSync(whole, { recursive: true, mode: 0o700 });
  await libpod.syscalls.removeTree(join(whole, CHECKPOINT_FILES.preImages));
  crashPoint('checkpoint-before-previous');
  for (const name of Object.values(CHECKPOINT_FILES))
    if (existsSync(join(unfinished, name))) renameSync(join(unfinished, name), join(whole, name));
  await libpod.syscalls.removeTree(unfinished);
}

/** What only tells how it was made. */
export function dropRecords(libpod: Libpod, id: string): void {
  const { whole } = checkpointPaths(libpod.paths, id);
  for (const name of [CHECKPOINT_FILES.dumpLog, CHECKPOINT_FILES.dumpStatistics])
    rmSync(join(whole, name), { force: true });
}

function tellCheckpoint({ db }: Libpod, { id, name, spec, imageName }: ContainerRecord): void {
  const attributes = { ...spec.labels, image: imageName };
  transaction(
    db,
    () => recordEvent(db, { kind: 'container', action: 'checkpoint', objectId: id, name, attributes }),
    false,
  );
}
