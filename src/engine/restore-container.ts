import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { InvalidSpecError, messageOf, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { removeContainer } from '../libpod/remove.ts';
import {
  type RestoreOptions,
  type RestoreReport,
  restoreContainer as restoreInLibpod,
} from '../libpod/restore.ts';
import { MIN_CRIU, MIN_CRIU_FOR_PODS, requireCriu } from '../oci/criu.ts';
import type { CreateHooks } from './create-container.ts';
import type { Engine } from './engine.ts';

export interface RestoreRequest extends Omit<RestoreOptions, 'fill'> {
  /** Only for an import: not what the original had changed in its root file system. */
  ignoreRootfs: boolean;
  /** Only for an import: not the contents of its volumes, which may exist then. */
  ignoreVolumes: boolean;
  /** Only for an import: another name, and another id. */
  name: string | undefined;
  /** Only for an import: the pod that it becomes a part of. */
  pod: string | undefined;
  /** Only for an import: in place of its own published ports. */
  publish: readonly string[];
}

/** Microseconds and CRIU's own measures, under podman's names. */
export interface RestoreResult {
  Id: string;
  runtime_restore_duration: number;
  criu_statistics: RestoreReport['statistics'] | null;
}

export async function requireRestoring({ pod }: { pod?: string | undefined }): Promise<void> {
  if (rootlessUid() !== undefined) throw new UnsupportedError('restoring a container requires root');
  await requireCriu(pod === undefined ? MIN_CRIU : MIN_CRIU_FOR_PODS);
}

/** Continues a container of this store from its checkpoint. */
export async function restoreContainer(
  engine: Engine,
  record: ContainerRecord,
  request: RestoreRequest,
): Promise<RestoreResult> {
  return resultOf(record.id, await restoreInLibpod(engine, record.id, request), request);
}

function resultOf(id: string, report: RestoreReport, { statistics }: RestoreRequest): RestoreResult {
  return {
    Id: id,
    runtime_restore_duration: statistics ? report.runtimeDuration : 0,
    criu_statistics: report.statistics ?? null,
  };
}

/** Where an imported checkpoint comes from. */
export interface CheckpointSource {
  /** Archive as `--export` writes it, compressed or not. */
  archive: Readable;
  /** The archive of a pre-checkpoint that this one builds on. */
  previous?: Readable | undefined;
}

/** Makes the container of an archive, here or of another machine, and continues it. When that fails, nothing of it stays. */
export async function importContainer(
  engine: Engine,
  source: CheckpointSource,
  request: RestoreRequest,
  hooks: CreateHooks,
): Promise<RestoreResult> {
  const { createFromCheckpoint } = await import('./import-checkpoint.ts');
  const { record, fill } = await createFromCheckpoint(engine, source, request, hooks);
  try {
    const saved =
      request.name === undefined ? request : { ...request, ignoreStaticIp: true, ignoreStaticMac: true };
    const report = await restoreInLibpod(engine, record.id, { ...saved, fill });
    return resultOf(record.id, report, request);
  } catch (error) {
    if (getContainer(engine.db, record.id)?.checkpoint?.importing !== undefined)
      await removeContainer(engine, record.id, { force: true, volumes: true });
    throw error;
  }
}

/** A file that was named on the command line. */
export function openCheckpointFile(path: string): Readable {
  try {
    if (!statSync(path).isFile()) throw new InvalidSpecError(`checkpoint archive ${path} is not a file`);
  } catch (error) {
    if (error instanceof InvalidSpecError) throw error;
    throw new NotFoundError('file', path, {
      message: `failed to open checkpoint archive ${path} for import: ${messageOf(error)}`,
      cause: error,
    });
  }
  return createReadStream(path);
}

/** What of a request only goes with an import, as podman tells it; undefined: nothing of it was given. */
export function importOnly(request: RestoreRequest & { previous: boolean }): string | undefined {
  if (request.previous) return '--import-previous';
  if (request.ignoreRootfs) return '--ignore-rootfs';
  if (request.ignoreVolumes) return '--ignore-volumes';
  if (request.name !== undefined) return '--name';
  if (request.pod !== undefined) return '--pod';
  return request.publish.length > 0 ? '--publish' : undefined;
}
