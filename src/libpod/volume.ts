import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  constants,
} from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, InUseError, NotFoundError, UsageError } from '../base/errors.ts';
import { LONGEST_NAME, NAME_PATTERN } from '../base/ids.ts';
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../native/syscalls.ts';
import { type Row, transaction } from '../state/db.ts';
import { DamagedDocumentError, parseColumn, readableRows } from '../state/document-sum.ts';
import { recordEvent, timestamp } from '../state/events.ts';
import { isRowAsWritten, refuseChangedRow, sumRow } from '../state/row-sum.ts';
import type { Libpod } from './context.ts';
import {
  deleteVolumeData,
  forgetNewVolume,
  noteNewVolumes,
  putVolumeDataBack,
  type RemovedData,
  takeVolumeData,
} from './volume-data.ts';
import { keepsEmpty, ownerIn, volumeLimits, type VolumeOwner, volumeOwner } from './volume-options.ts';
import { limitVolume, refuseLimits } from './volume-quota.ts';

/** Of the column `needs_copy_up`, which is 0 or 1 otherwise. */
const HALF_FILLED = 2;

export interface VolumeRecord {
  name: string;
  driver: string;
  mountpoint: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  anonymous: boolean;
  /** It has not got (all) the files of an image yet with which it begins. */
  needsCopyUp: boolean;
  /** Somebody has begun to give them to it: what is there is no user's. */
  isHalfFilled: boolean;
  createdAt: string;
}

export interface NewVolume {
  name: string;
  /** `image`: whoever makes it fills it, too. Default local. */
  driver?: 'local' | 'image';
  labels?: Record<string, string>;
  options?: Record<string, string>;
  anonymous?: boolean;
  /** An existing volume of that name is fine. */
  ignoreExisting?: boolean;
  /** Filled from the image at its first mount. Default true. */
  copyUp?: boolean;
  /** Of its directory; absent: the caller, unless the options say it. */
  owner?: Partial<VolumeOwner>;
}

/** Creates a volume; its directory is there before anybody sees the row that names it. */
export function createVolume(libpod: Libpod, request: NewVolume): VolumeRecord {
  if (!NAME_PATTERN.test(request.name)) {
    throw new UsageError(
      `invalid volume name ${JSON.stringify(request.name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  }
  if (request.name.length > LONGEST_NAME)
    throw new UsageError(
      `invalid volume name ${request.name.slice(0, 20)}…: it has ${request.name.length} characters, more than ${LONGEST_NAME}`,
    );
  const existing = findVolume(libpod, request.name);
  if (existing !== undefined) {
    if (request.ignoreExisting) return existing;
    throw new AlreadyExistsError(`volume with name ${request.name} already exists: volume already exists`);
  }
  const mountpoint = join(libpod.paths.newVolumes, request.name, '_data');
  const { uid, gid } = request.owner ?? {};
  const options = {
    ...request.options,
    ...(uid === undefined ? {} : { UID: String(uid) }),
    ...(gid === undefined ? {} : { GID: String(gid) }),
  };
  const owner = request.driver === 'image' ? undefined : volumeOwner(options);
  const limits = request.driver === 'image' ? undefined : volumeLimits(options);
  if (limits !== undefined) {
    mkdirSync(libpod.paths.newVolumes, { recursive: true, mode: 0o700 });
    refuseLimits(libpod, request.name, libpod.paths.newVolumes);
  }
  noteNewVolumes(libpod, [request.name]);
  const create = (): VolumeRecord => {
    // Inside, so that whoever looks for directories without a row under the same lock finds none that is just being made.
    // What belongs to nobody of the host in there is nobody's business; set-id programs are none of the host's, above all.
    mkdirSync(libpod.paths.newVolumes, { recursive: true, mode: 0o700 });
    mkdirSync(mountpoint, { recursive: true, mode: 0o755 });
    if (owner !== undefined) chownSync(mountpoint, owner.uid, owner.gid);
    crashPoint('volume-after-directory');
    if (limits !== undefined) limitVolume(libpod, request.name, mountpoint, limits);
    const inserted = libpod.db
      .prepare(
        'INSERT OR IGNORE INTO volumes (name, driver, mountpoint, labels, options, anonymous, needs_copy_up, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        request.name,
        request.driver ?? 'local',
        mountpoint,
        JSON.stringify(request.labels ?? {}),
        JSON.stringify(options),
        request.anonymous ? 1 : 0,
        (request.copyUp ?? true) && !keepsEmpty(options) ? 1 : 0,
        timestamp(),
      );
    if (inserted.changes === 0 && !request.ignoreExisting) {
      throw new AlreadyExistsError(`volume with name ${request.name} already exists: volume already exists`);
    }
    if (inserted.changes > 0) {
      sumRow(libpod.db, 'volumes', request.name);
      recordEvent(libpod.db, { kind: 'volume', action: 'create', name: request.name });
    }
    forgetNewVolume(libpod, request.name);
    return getVolume(libpod, request.name);
  };
  return transaction(libpod.db, create, !request.anonymous);
}

/** Throws DamagedDocumentError where its row is not as it was written. */
export function findVolume(libpod: Libpod, name: string): VolumeRecord | undefined {
  const row = libpod.db.prepare('SELECT * FROM volumes WHERE name = ?').get(name) as Row | undefined;
  return row === undefined ? undefined : toIntact(row, libpod.paths.volumes);
}

/** For what goes on without it, should its row be damaged. */
export function peekVolume(libpod: Libpod, name: string): VolumeRecord | undefined {
  try {
    return findVolume(libpod, name);
  } catch (error) {
    if (error instanceof DamagedDocumentError) return undefined;
    throw error;
  }
}

export function getVolume(libpod: Libpod, name: string): VolumeRecord {
  const volume = findVolume(libpod, name);
  if (volume === undefined) throw noSuchVolume(name);
  return volume;
}

/** Also one whose row cannot be read any more. */
export function hasVolume({ db }: Pick<Libpod, 'db'>, name: string): boolean {
  return db.prepare('SELECT 1 FROM volumes WHERE name = ?').get(name) !== undefined;
}

function noSuchVolume(name: string): NotFoundError {
  return new NotFoundError('volume', name, { message: `no such volume ${name}: no such volume` });
}

export function listVolumes({ db, paths }: Pick<Libpod, 'db' | 'paths'>): VolumeRecord[] {
  const rows = db.prepare('SELECT * FROM volumes ORDER BY name').all() as Row[];
  return readableRows(rows, (row) => toVolume(row, paths.volumes));
}

/** Those whose rows are as they were written: what others say of themselves is no reason to remove them. */
export function intactVolumes({ db, paths }: Pick<Libpod, 'db' | 'paths'>): VolumeRecord[] {
  const rows = db.prepare('SELECT * FROM volumes ORDER BY name').all() as Row[];
  return readableRows(rows, (row) => toIntact(row, paths.volumes));
}

function toIntact(row: Row, volumes: string): VolumeRecord {
  // What cannot be read is told as that.
  const volume = toVolume(row, volumes);
  refuseChangedRow('volumes', row);
  return volume;
}

/** A row for a directory that has lost its own; false when there is one already. */
export function adoptVolume(db: Libpod['db'], name: string, mountpoint: string): boolean {
  if (!NAME_PATTERN.test(name)) return false;
  const inserted = db
    .prepare(
      `INSERT OR IGNORE INTO volumes (name, driver, mountpoint, anonymous, needs_copy_up, created_at)
       VALUES (?, 'local', ?, ?, 0, ?)`,
    )
    .run(name, mountpoint, /^[0-9a-f]{64}$/.test(name) ? 1 : 0, timestamp());
  if (inserted.changes > 0) sumRow(db, 'volumes', name);
  return inserted.changes > 0;
}

/** Names of the containers that use it. */
export function volumeUsers(libpod: Libpod, name: string): string[] {
  const rows = libpod.db
    .prepare('SELECT container_id FROM container_volumes WHERE volume_name = ?')
    .all(name) as Row[];
  return rows.map((row) => String(row['container_id']));
}

/** Deletes row and data. InUseError when a container has it. */
export async function removeVolume(libpod: Libpod, name: string): Promise<void> {
  let removed: RemovedData | undefined;
  try {
    transaction(libpod.db, () => {
      if (!hasVolume(libpod, name)) throw noSuchVolume(name);
      const users = volumeUsers(libpod, name);
      if (users.length > 0) {
        throw new InUseError(
          `volume ${name} is being used by the following container(s): ${users.join(', ')}: volume is being used`,
          { docker: `remove ${name}: volume is in use - [${users.join(', ')}]` },
        );
      }
      // It may run twice, on a full disk.
      const taken = deleteVolumeRow(libpod, name);
      if (taken?.to !== undefined) removed = taken;
    });
  } catch (error) {
    if (removed !== undefined) putVolumeDataBack(removed);
    throw error;
  }
  crashPoint('volume-after-row');
  if (removed !== undefined) await deleteVolumeData(libpod, removed);
}

/** The first half of a removal, for use in a transaction; `deleteVolumeData` is the second. Undefined when there was none. */
export function deleteVolumeRow(libpod: Libpod, name: string): RemovedData | undefined {
  const row = libpod.db.prepare('DELETE FROM volumes WHERE name = ? RETURNING *').get(name) as
    | Row
    | undefined;
  if (row === undefined) return undefined;
  recordEvent(libpod.db, { kind: 'volume', action: 'remove', name });
  // Where a damaged row leads may be another volume's files.
  const written = isRowAsWritten('volumes', row)
    ? String(row['mountpoint'])
    : join(libpod.paths.volumes, name, '_data');
  return takeVolumeData(libpod, placeOf(libpod.paths.volumes, name, written));
}

/**
 * Fills an empty new volume with what the image has at the destination, owner and mode of the directory included, as docker and
 * podman do at the first mount. `rootfs` is mounted and hostile: the destination is resolved inside it.
 */
export async function copyUpVolume(
  libpod: Libpod,
  volume: VolumeRecord,
  place: { rootfs: string; destination: string; user: { uid: number; gid: number } },
): Promise<void> {
  if (!volume.needsCopyUp) return;
  const { rootfs, destination, user } = place;
  const source = openInside(libpod, rootfs, destination);
  if (source === undefined) {
    giveUntouched(volume, user);
    return;
  }
  try {
    const { fillNewVolume } = await import('./fill-volume.ts');
    await fillNewVolume(libpod, volume.name, { directory: source, destination });
  } finally {
    closeSync(source);
  }
}

/** `durable` wherever files of the image come into it: after a power cut only this tells them from a user's. */
export function noteCopyUp(
  libpod: Libpod,
  name: string,
  { state, durable }: { state: 'half' | 'done'; durable: boolean },
): void {
  const note = libpod.db.prepare('UPDATE volumes SET needs_copy_up = ? WHERE name = ?');
  transaction(libpod.db, () => note.run(state === 'half' ? HALF_FILLED : 0, name), durable);
}

/**
 * Where neither the volume's options nor the image say anything about the owner, a volume that nobody has used yet is the container's
 * user's, as in podman.
 */
function giveUntouched(
  { mountpoint, options }: VolumeRecord,
  { uid, gid }: { uid: number; gid: number },
): void {
  if (ownerIn(options) !== undefined || !existsSync(mountpoint)) return;
  const owner = lstatSync(mountpoint);
  if (owner.uid === 0 && owner.gid === 0 && readdirSync(mountpoint).length === 0)
    chownSync(mountpoint, uid, gid);
}

function openInside(libpod: Libpod, rootfs: string, destination: string): number | undefined {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    return libpod.syscalls.openat2(root, destination, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  } catch {
    // The image has nothing there, or no directory: nothing to copy.
    return undefined;
  } finally {
    closeSync(root);
  }
}

/**
 * The graph root may have been moved or copied since: what lies in it counts, and nobody touches the data of the one that it was
 * copied from.
 */
function placeOf(volumes: string, name: string, written: string): string {
  const place = join(volumes, name, '_data');
  return written !== place && written.endsWith(`/volumes/${name}/_data`) && existsSync(place)
    ? place
    : written;
}

/** `volumes`: where those lie that are in the graph root. */
function toVolume(row: Row, volumes: string): VolumeRecord {
  const name = String(row['name']);
  const what = `volume ${name}`;
  return {
    name,
    driver: String(row['driver']),
    mountpoint: placeOf(volumes, name, String(row['mountpoint'])),
    labels: parseColumn(row, 'labels', what),
    options: parseColumn(row, 'options', what),
    anonymous: row['anonymous'] === 1,
    needsCopyUp: row['needs_copy_up'] !== 0,
    isHalfFilled: row['needs_copy_up'] === HALF_FILLED,
    createdAt: String(row['created_at']),
  };
}
