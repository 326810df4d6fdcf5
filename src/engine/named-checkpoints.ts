import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import {
  AlreadyExistsError,
  errnoOf,
  InvalidSpecError,
  messageOf,
  NotFoundError,
  WrongStateError,
} from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import { checkpointPaths, hasImages } from '../libpod/checkpoint-files.ts';
import { type ContainerRecord, updateContainer } from '../libpod/container.ts';
import { containerPaths } from '../libpod/container-paths.ts';
import { copyTree } from '../storage/copy-tree.ts';
import { checkpointContainer, requireCheckpointing } from './checkpoint-container.ts';
import type { Engine } from './engine.ts';
import { requireRestoring, restoreContainer } from './restore-container.ts';

/**
 * docker's checkpoints: a container may have many, each with a name, and keeps them when it goes on from one. Each is a
 * directory like that of podman's only checkpoint, in `checkpoints` beside it or where the user says.
 */

export interface NamedCheckpoint {
  name: string;
  /** Where it is kept; undefined: with the container. */
  directory?: string | undefined;
}

/** Throws UnsupportedError naming what is missing, and AlreadyExistsError. Without `exit` the container runs on. */
export async function createNamedCheckpoint(
  engine: Engine,
  record: ContainerRecord,
  checkpoint: NamedCheckpoint & { exit: boolean },
): Promise<void> {
  const place = placeOf(engine, record, checkpoint);
  await requireCheckpointing(NEITHER);
  if (existsSync(place))
    throw new AlreadyExistsError(
      `checkpoint with name ${checkpoint.name} already exists for container ${record.name}`,
    );
  makeDirectory(engine, record, checkpoint);
  await checkpointContainer(engine, record, { ...PLAIN, leaveRunning: !checkpoint.exit });
  // Killed from here on, it is the container's own, which `container restore` goes on from.
  crashPoint('checkpoint-before-name');
  const { whole } = checkpointPaths(engine.paths, record.id);
  const draft = join(place, '..', `.${checkpoint.name}.new`);
  await engine.syscalls.removeTree(draft);
  if (checkpoint.directory === undefined) renameSync(whole, place);
  else {
    mkdirSync(draft, { mode: 0o700 });
    await copyTree(engine.syscalls, whole, draft, { hardLinks: false });
    renameSync(draft, place);
    await engine.syscalls.removeTree(whole);
  }
  syncDirectory(join(place, '..'));
  updateContainer(engine.db, record.id, { checkpoint: null });
}

const NEITHER = { preCheckpoint: false, withPrevious: false };
const PLAIN = {
  ...NEITHER,
  tcpEstablished: true,
  fileLocks: true,
  keep: false,
  statistics: false,
  exported: false,
  ignoreRootfs: false,
  ignoreVolumes: false,
};

/** By name. */
export function listNamedCheckpoints(
  engine: Engine,
  record: ContainerRecord,
  directory: string | undefined,
): string[] {
  const root = rootOf(engine, record, directory);
  try {
    return readdirSync(root)
      .filter((name) => NAME_PATTERN.test(name) && hasImages(join(root, name)))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new InvalidSpecError(`cannot read the checkpoints in ${root}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Throws NotFoundError. */
export async function removeNamedCheckpoint(
  engine: Engine,
  record: ContainerRecord,
  checkpoint: NamedCheckpoint,
): Promise<void> {
  await engine.syscalls.removeTree(existingPlace(engine, record, checkpoint));
}

/** Continues a container that does not run from one of its checkpoints, which stays. */
export async function startFromCheckpoint(
  engine: Engine,
  record: ContainerRecord,
  checkpoint: NamedCheckpoint,
): Promise<void> {
  const place = existingPlace(engine, record, checkpoint);
  await requireRestoring({});
  if (record.state !== 'exited' && record.state !== 'created')
    throw new WrongStateError(
      `cannot start container ${record.name} from a checkpoint: it is ${record.state}`,
    );
  const { whole, unfinished } = checkpointPaths(engine.paths, record.id);
  await engine.syscalls.removeTree(unfinished);
  mkdirSync(unfinished, { mode: 0o700 });
  await copyTree(engine.syscalls, place, unfinished, { hardLinks: false });
  crashPoint('checkpoint-before-return');
  await engine.syscalls.removeTree(whole);
  renameSync(unfinished, whole);
  await restoreContainer(engine, record, {
    tcpEstablished: true,
    tcpClose: false,
    fileLocks: true,
    keep: false,
    statistics: false,
    ignoreStaticIp: false,
    ignoreStaticMac: false,
    ignoreRootfs: false,
    ignoreVolumes: false,
    name: undefined,
    pod: undefined,
    publish: [],
  });
}

function existingPlace(engine: Engine, record: ContainerRecord, checkpoint: NamedCheckpoint): string {
  const place = placeOf(engine, record, checkpoint);
  if (hasImages(place)) return place;
  throw new NotFoundError('checkpoint', checkpoint.name, {
    message: `checkpoint ${checkpoint.name} does not exist for container ${record.name}`,
  });
}

function placeOf(engine: Engine, record: ContainerRecord, { name, directory }: NamedCheckpoint): string {
  if (!NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `invalid checkpoint name ${JSON.stringify(name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  return join(rootOf(engine, record, directory), name);
}

function rootOf(engine: Engine, { id }: ContainerRecord, directory: string | undefined): string {
  if (directory === undefined) return join(containerPaths(engine.paths, id).directory, 'checkpoints');
  if (directory.startsWith('/')) return directory;
  throw new InvalidSpecError(
    `invalid checkpoint directory ${JSON.stringify(directory)}: must be an absolute path`,
  );
}

function makeDirectory(engine: Engine, record: ContainerRecord, { directory }: NamedCheckpoint): void {
  const root = rootOf(engine, record, directory);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new InvalidSpecError(`cannot keep checkpoints in ${root}: ${messageOf(error)}`, { cause: error });
  }
}
