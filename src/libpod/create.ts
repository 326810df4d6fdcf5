import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, ConflictError, messageOf, NotFoundError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { holderOfName } from '../state/by-name-or-id.ts';
import { transaction } from '../state/db.ts';
import { sumOf } from '../state/document-sum.ts';
import { timestamp } from '../state/events.ts';
import { type ContainerRecord, getContainer, updateContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { freeName } from './random-name.ts';
import { deleteContainer } from './delete.ts';
import { hostRoot, quotaOf } from './rootfs-options.ts';
import { changeState } from './state-change.ts';
import { noteNewVolumes } from './volume-data.ts';
import { createVolume, findVolume } from './volume.ts';

export interface CreateContainerOptions {
  spec: ContainerSpec;
  /** Layer on which the root file system stands. */
  topLayerId: string | undefined;
  /** The caller starts it at once and stays its owner: should it die before that, an auto-removed container goes with it. */
  keepOwner?: boolean;
  /** What whoever asks may do where the name is taken, after `or`; default: --replace. */
  otherwise?: string;
  /** For a step of a build of this process: no list shows it, and once this process has died, whoever looks removes it. */
  forBuild?: boolean;
  /** Of a container that is made again under its own id; default: a new one. */
  id?: string | undefined;
  /** It is to go on from a checkpoint: should this process die before that, it goes with it. */
  importing?: { ownsVolumes: boolean };
  /** Of which it will be a part; `enter` is called in the transaction that records it. */
  pod?: { id: string; enter(containerId: string): void };
}

/**
 * Records a new container and makes its directories and volumes. The row comes first, marked as unfinished with this process as
 * its owner, so that nothing on disk is ever without a row.
 */
export async function createContainer(
  libpod: Libpod,
  options: CreateContainerOptions,
): Promise<ContainerRecord> {
  const id = options.id ?? newId();
  const draw = options.spec.userNamespace?.draw && (await import('./draw-ids.ts')).drawIds;
  const project = options.spec.storageLimits === undefined ? undefined : libpod.store.rootfs.drawProject();
  const copies =
    options.spec.secrets === undefined
      ? undefined
      : await (await import('./container-secrets.ts')).copiesFor(libpod, id, options.spec);
  const spec = insertRows(libpod, id, { ...options, draw, project, copies });
  crashPoint('create-after-row');
  // Not before the row: a lock that no container has is taken for one that was left behind.
  const lock = await lockContainer(libpod, id);
  try {
    // From here on nobody can remove it between its row and its directory, which would then have none.
    if (getContainer(libpod.db, id) === undefined)
      throw new ConflictError(`container ${spec.name} was removed while it was being created`);
    await libpod.store.rootfs.create({
      containerId: id,
      topLayerId: options.topLayerId,
      readOnly: spec.readOnlyRootfs,
      idMaps: spec.userNamespace,
      directory: hostRoot(spec),
      ...quotaOf(spec, project),
    });
    crashPoint('create-before-complete');
    return changeState(libpod, id, 'complete-create', {
      changes: options.keepOwner ? {} : { owner: null },
      events: ['create'],
      durable: !spec.autoRemove && !options.forBuild,
    });
  } catch (error) {
    await takeBack(libpod, id);
    throw error;
  } finally {
    lock.release();
  }
}

/** What cannot be undone now, on a full disk for example, is left to whoever looks once this process has ended. */
async function takeBack(libpod: Libpod, id: string): Promise<void> {
  try {
    const record = getContainer(libpod.db, id);
    if (record !== undefined) await deleteContainer(libpod, record, true);
  } catch (error) {
    log('warn', `cannot remove the half made container ${id.slice(0, 12)}: ${messageOf(error)}`);
  }
}

/** All at once: a volume that nobody has a name for must never be without its container. */
function insertRows(
  libpod: Libpod,
  id: string,
  request: CreateContainerOptions & {
    /** Gives it ids of its own: under the same lock as the row, so that nobody else draws the same. */
    draw: ((libpod: Libpod, spec: ContainerSpec) => ContainerSpec) | undefined;
    project: number | undefined;
    /** Of secrets. */
    copies: { insert(): void } | undefined;
  },
): ContainerSpec {
  const { draw } = request;
  noteNewVolumes(libpod, volumeNames(request.spec));
  return transaction(
    libpod.db,
    () => {
      // In here nobody else can take the name that was found to be free.
      const named = request.spec.name === '' ? { ...request.spec, name: freeName(libpod.db) } : request.spec;
      const spec = draw === undefined ? named : draw(libpod, named);
      insertRow(libpod, id, spec, request);
      request.copies?.insert();
      const { importing } = request;
      if (importing !== undefined) updateContainer(libpod.db, id, { checkpoint: { importing } });
      request.pod?.enter(id);
      attachToContainer(libpod, id, createVolumes(libpod, spec), spec.dependencies);
      return spec;
    },
    makesNamedVolume(libpod, request.spec),
  );
}

/** It outlives the container, so a power cut must not take it away with a container that removes itself. */
function makesNamedVolume(libpod: Libpod, spec: ContainerSpec): boolean {
  return spec.mounts.some(
    (mount) => mount.type === 'volume' && !mount.anonymous && findVolume(libpod, mount.name) === undefined,
  );
}

function insertRow(
  libpod: Libpod,
  id: string,
  spec: ContainerSpec,
  {
    topLayerId,
    forBuild,
    otherwise = 'use --replace to instruct tspod to do so',
    pod,
    project,
  }: Omit<CreateContainerOptions, 'spec'> & { project: number | undefined },
): void {
  const { db } = libpod;
  if (getContainer(db, id) !== undefined)
    throw new AlreadyExistsError(`cannot make container ${id} again: it is there already`, {
      hint: 'remove it first, or restore it under another name: --name',
    });
  const holder = holderOfName(db, spec.name);
  if (holder !== undefined)
    throw new AlreadyExistsError(
      `creating container storage: the container name ${JSON.stringify(spec.name)} is already in use by ${holder}. You have to remove that container to be able to reuse that name: that name is already in use, or ${otherwise}`,
      { docker: nameConflict(spec.name, holder) },
    );
  if (
    topLayerId !== undefined &&
    db.prepare('SELECT 1 FROM layers WHERE id = ?').get(topLayerId) === undefined
  )
    throw new NotFoundError('image', spec.imageName, {
      message: `${spec.imageName}: image not known: another process has removed it meanwhile`,
      hint: 'run the command again to pull it',
    });
  const document = JSON.stringify(spec);
  db.prepare(
    'INSERT INTO containers (id, name, image_id, image_name, layer_id, spec, state, owner, created_at, build_owner, pod_id, project, spec_sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(
    id,
    spec.name,
    spec.imageId ?? null,
    spec.imageName,
    topLayerId ?? null,
    document,
    'creating',
    formatIdentity(ownIdentity()),
    timestamp(),
    forBuild ? formatIdentity(ownIdentity()) : null,
    pod?.id ?? null,
    project ?? null,
    sumOf(document),
  );
}

/** docker's words, which clients look for. */
export function nameConflict(name: string, holder: string): string {
  return `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`;
}

function volumeNames({ mounts }: ContainerSpec): string[] {
  return mounts.flatMap((mount) =>
    mount.type === 'volume' || mount.type === 'image-volume' ? [mount.name] : [],
  );
}

function createVolumes(libpod: Libpod, spec: ContainerSpec): string[] {
  const names = new Set<string>();
  for (const mount of spec.mounts) {
    if (mount.type === 'volume') {
      createVolume(libpod, {
        name: mount.name,
        anonymous: mount.anonymous,
        ignoreExisting: true,
        copyUp: !mount.options.includes('nocopy'),
        ...mount.create,
      });
      names.add(mount.name);
    } else if (mount.type === 'image-volume') {
      createVolume(libpod, { name: mount.name, anonymous: true, ignoreExisting: true });
      names.add(mount.name);
    }
  }
  return [...names];
}

function attachToContainer(
  libpod: Libpod,
  id: string,
  volumes: readonly string[],
  dependencies: readonly string[],
): void {
  if (volumes.length === 0 && dependencies.length === 0) return;
  const volume = libpod.db.prepare(
    'INSERT OR IGNORE INTO container_volumes (container_id, volume_name) VALUES (?, ?)',
  );
  for (const name of volumes) volume.run(id, name);
  const dependency = libpod.db.prepare(
    'INSERT OR IGNORE INTO container_dependencies (container_id, needs_id) VALUES (?, ?)',
  );
  for (const needed of dependencies)
    if (getContainer(libpod.db, needed) !== undefined) dependency.run(id, needed);
}
