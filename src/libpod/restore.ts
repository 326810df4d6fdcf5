import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import { InvalidSpecError, NotFoundError, RuntimeError, WrongStateError } from '../base/errors.ts';
import { readCriuReason } from '../oci/criu.ts';
import { type CriuStatistics, readCriuStatistics } from '../oci/criu-stats.ts';
import { requireCheckpoints, requireRestoreOption } from '../oci/runtime-checkpoint.ts';
import type { NetworkSpec } from '../specgen/container-spec.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import {
  CHECKPOINT_FILES,
  checkpointPaths,
  hasImages,
  objectIn,
  readJsonFile,
  readSavedInterfaces,
  treeAt,
} from './checkpoint-files.ts';
import { dumpLogOf } from './checkpoint.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { fileChunks } from './file-chunks.ts';
import { chosenRuntime } from './runtime-of.ts';
import { settle } from './settle.ts';
import { startContainer } from './start.ts';
import { lockContainer } from './container-lock.ts';

export interface RestoreOptions {
  tcpEstablished: boolean;
  /** Connections are closed in the restored container. */
  tcpClose: boolean;
  fileLocks: boolean;
  /** The checkpoint stays, for further restores. */
  keep: boolean;
  statistics: boolean;
  /** With the address, or the hardware address, that it gets now. */
  ignoreStaticIp: boolean;
  ignoreStaticMac: boolean;
  /** Brings an imported container's files to where they were, before its processes go on. */
  fill?: (rootfs: string, record: ContainerRecord) => Promise<void>;
}

export interface RestoreReport {
  /** How long the start took, in microseconds. */
  runtimeDuration: number;
  statistics: CriuStatistics | undefined;
}

/**
 * Continues the processes of a container from its checkpoint. When that fails, or is killed before they run, it is as it was before: it has
 * ended, with its checkpoint.
 */
export async function restoreContainer(
  libpod: Libpod,
  id: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const record = await settled(libpod, id);
  const { whole, images } = checkpointPaths(libpod.paths, id);
  await check(libpod, record, options);
  const { bundle } = containerPaths(libpod.paths, id).bundle;
  const begin = monotonicMs();
  const started = await startContainer(libpod, id, {
    restore: {
      images,
      runtimeOptions: [
        ...(options.tcpEstablished ? ['--tcp-established'] : []),
        ...(options.tcpClose ? ['--tcp-close'] : []),
        ...(options.fileLocks ? ['--file-locks'] : []),
      ],
      network: networkAsBefore(record, whole, options),
      fill: async (rootfs, now) => {
        await fillShm(libpod, now, whole);
        await options.fill?.(rootfs, now);
      },
      explain: (error) => explain(libpod, record, error),
    },
  });
  started.monitor?.close();
  if (started.monitor === undefined) throw notRestorable(started.record);
  crashPoint('restore-after-start');
  const runtimeDuration = Math.round((monotonicMs() - begin) * 1000);
  const statistics = options.statistics
    ? readCriuStatistics(join(bundle, CHECKPOINT_FILES.restoreStatistics), 'restore')
    : undefined;
  if (options.keep) keepLog(libpod, id);
  else {
    await libpod.syscalls.removeTree(whole);
    rmSync(dumpLogOf(libpod, id), { force: true });
  }
  return { runtimeDuration, statistics };
}

async function settled(libpod: Libpod, id: string): Promise<ContainerRecord> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    return record;
  } finally {
    lock.release();
  }
}

async function check(libpod: Libpod, record: ContainerRecord, options: RestoreOptions): Promise<void> {
  if (record.state !== 'exited' && record.state !== 'created') throw notRestorable(record);
  if (!hasImages(checkpointPaths(libpod.paths, record.id).whole))
    throw new WrongStateError(
      `a complete checkpoint for container ${record.name} cannot be found, cannot restore`,
      { hint: `make one while it runs: tspod container checkpoint ${record.name}` },
    );
  const runtime = chosenRuntime(libpod, libpod.runtimeOptions.runtime ?? record.spec.runtime);
  const config = join(checkpointPaths(libpod.paths, record.id).whole, CHECKPOINT_FILES.config);
  const madeWith = existsSync(config) ? objectIn(readJsonFile(config))['runtime'] : undefined;
  if (typeof madeWith === 'string' && madeWith !== '' && madeWith !== runtime.name)
    throw new InvalidSpecError(
      `the checkpoint of container ${record.name} was made with runtime ${madeWith} and cannot be restored with runtime ${runtime.name}`,
      { hint: `tspod --runtime ${madeWith} container restore …` },
    );
  await requireCheckpoints(runtime);
  if (options.tcpClose) await requireRestoreOption(runtime, '--tcp-close');
}

function notRestorable({ name, state }: ContainerRecord): WrongStateError {
  return new WrongStateError(
    `container ${name} is ${state === 'exited' || state === 'created' ? 'changing' : state}, cannot restore: container state improper`,
  );
}

/** With the addresses and hardware addresses that it had, which its processes know. */
function networkAsBefore(
  { spec: { network } }: ContainerRecord,
  directory: string,
  { ignoreStaticIp, ignoreStaticMac }: RestoreOptions,
): NetworkSpec {
  const { mode } = network;
  const saved = readSavedInterfaces(directory);
  if (mode.mode !== 'bridge') return network;
  const networks = mode.networks.map((attachment) => {
    const before = saved?.get(attachment.name);
    return {
      ...attachment,
      staticIps: ignoreStaticIp ? [] : (before?.ips ?? attachment.staticIps),
      staticMac: ignoreStaticMac ? undefined : (before?.mac ?? attachment.staticMac),
      interfaceName: before?.name ?? attachment.interfaceName,
    };
  });
  return { ...network, mode: { ...mode, networks } };
}

async function fillShm(libpod: Libpod, record: ContainerRecord, directory: string): Promise<void> {
  const file = join(directory, CHECKPOINT_FILES.shm);
  if (record.spec.namespaces.ipc.mode !== 'shareable' || !existsSync(file)) return;
  const { shm } = containerPaths(libpod.paths, record.id);
  await extractFile(libpod, file, { directory: shm, where: `in /dev/shm of container ${record.name}` });
}

/** Unpacks a plain tar of a checkpoint. It may come from outside: nothing gets out of the directory. */
export async function extractFile(
  libpod: Libpod,
  file: string,
  { directory, where }: { directory: string; where: string },
): Promise<void> {
  const tree = treeAt(libpod, directory, where);
  const chunks = fileChunks(file);
  try {
    await extractTree(tree, '', chunks.next, { owner: (ids) => ids, devices: true, overwrite: true });
  } finally {
    chunks.close();
    tree.close();
  }
}

/** CRIU's own words; its log outlasts the bundle. */
function explain(libpod: Libpod, record: ContainerRecord, error: unknown): unknown {
  if (!(error instanceof RuntimeError)) return error;
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  const reason = readCriuReason(join(bundle, CHECKPOINT_FILES.restoreLog));
  const log = keepLog(libpod, record.id);
  return new RuntimeError(
    `cannot restore container ${record.name}: ${reason === '' ? error.message : `CRIU says: ${reason}`}`,
    { detail: error.detail ?? '', cause: error, ...(log === undefined ? {} : { hint: `its log is ${log}` }) },
  );
}

function keepLog(libpod: Libpod, id: string): string | undefined {
  const { directory, bundle } = containerPaths(libpod.paths, id);
  const log = join(bundle.bundle, CHECKPOINT_FILES.restoreLog);
  if (!existsSync(log) || getContainer(libpod.db, id) === undefined) return undefined;
  const kept = join(directory, CHECKPOINT_FILES.restoreLog);
  copyFileSync(log, kept);
  return kept;
}
