import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import {
  type CheckpointOptions,
  type CheckpointReport,
  checkpointContainer as checkpointInLibpod,
  dropRecords,
} from '../libpod/checkpoint.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { removeContainer } from '../libpod/remove.ts';
import { MIN_CRIU, requireCriu, tracksMemory } from '../oci/criu.ts';
import { type ArchiveContents, type CheckpointCompression, exportCheckpoint } from './checkpoint-archive.ts';
import type { Engine } from './engine.ts';

export interface CheckpointRequest extends Omit<CheckpointOptions, 'exported'>, ArchiveContents {
  /** CRIU's log and statistics stay. */
  keep: boolean;
  /** A file that the checkpoint is written to as well. */
  archive?: { path: string; compression: CheckpointCompression } | undefined;
  /** Name of an image that is made of it. */
  image?: string | undefined;
}

/** Microseconds and CRIU's own measures, under podman's names. */
export interface CheckpointResult {
  Id: string;
  runtime_checkpoint_duration: number;
  criu_statistics: CheckpointReport['statistics'] | null;
}

/** What a checkpoint needs before any container is touched. */
export async function requireCheckpointing(request: {
  preCheckpoint: boolean;
  withPrevious: boolean;
}): Promise<void> {
  if (rootlessUid() !== undefined) throw new UnsupportedError('checkpointing a container requires root');
  if (request.withPrevious && request.preCheckpoint)
    throw new InvalidSpecError('--with-previous can not be used with --pre-checkpoint');
  await requireCriu(MIN_CRIU);
  if ((request.withPrevious || request.preCheckpoint) && !(await tracksMemory()))
    throw new UnsupportedError('system (architecture/kernel/CRIU) does not support memory tracking');
}

/** Writes a running container to files, from which it can go on here or elsewhere. */
export async function checkpointContainer(
  engine: Engine,
  record: ContainerRecord,
  request: CheckpointRequest,
): Promise<CheckpointResult> {
  const { archive, image, keep, ...options } = request;
  const isTaken = archive !== undefined || image !== undefined;
  if (isTaken) checkTakable(engine, record);
  if (archive !== undefined) checkPlace(archive.path);
  const images = image === undefined ? undefined : await import('./checkpoint-image.ts');
  const name = images === undefined || image === undefined ? undefined : images.nameOfImage(engine, image);
  const report = await checkpointInLibpod(engine, record.id, { ...options, exported: archive !== undefined });
  if (archive !== undefined) await exportCheckpoint(engine, record, { ...request, ...archive });
  if (images !== undefined && name !== undefined)
    await images.makeImage(engine, record, { ...request, name });
  if (!keep) dropRecords(engine, record.id);
  const ends = !request.leaveRunning && !request.preCheckpoint;
  if (ends && record.spec.autoRemove) await removeContainer(engine, record.id, { volumes: true });
  return {
    Id: record.id,
    runtime_checkpoint_duration: request.statistics ? report.runtimeDuration : 0,
    criu_statistics: report.statistics ?? null,
  };
}

/** Before the container has ended for it. */
function checkPlace(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new InvalidSpecError(`cannot export the checkpoint to ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Elsewhere there would be none of the others. */
function checkTakable(engine: Engine, { name, spec, podId }: ContainerRecord): void {
  const others = spec.dependencies.filter((id) => {
    const needed = getContainer(engine.db, id);
    return podId === undefined || needed?.spec.podRole !== 'infra' || needed.podId !== podId;
  });
  if (others.length > 0)
    throw new InvalidSpecError(
      `cannot export checkpoints of containers with dependencies: ${name} shares namespaces or volumes with others`,
    );
  if (spec.secrets !== undefined)
    throw new InvalidSpecError(
      `cannot export a checkpoint of container ${name}: it has secrets, which would stand in it unencrypted`,
    );
}
