import { ConflictError, InUseError, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { goTime } from '../libpod/inspect-state.ts';
import { removeContainer } from '../libpod/remove.ts';
import { countHolders, holdVolume, letVolumeGo } from '../libpod/volume-mounts.ts';
import {
  createVolume as createInLibpod,
  findVolume,
  getVolume,
  hasVolume,
  intactVolumes,
  listVolumes as listAll,
  removeVolume as removeFromLibpod,
  type VolumeRecord,
  volumeUsers,
} from '../libpod/volume.ts';
import { ownerIn } from '../libpod/volume-options.ts';
import { contentSize } from '../storage/usage.ts';
import type { Engine } from './engine.ts';
import { volumePredicate } from './volume-filters.ts';

export type { VolumeRecord } from '../libpod/volume.ts';

/** Use cases on volumes. They take the engine first and return data. */

export interface CreateVolumeRequest {
  /** Absent: anonymous, with an id for a name. */
  name: string | undefined;
  driver: string;
  labels: readonly string[];
  options: readonly string[];
  /** One that is there already is fine. */
  ignore: boolean;
  uid: number | undefined;
  gid: number | undefined;
}

/** Returns its name. */
export async function createVolume(engine: Engine, request: CreateVolumeRequest): Promise<string> {
  const { driver, uid, gid } = request;
  if (driver === 'image') {
    const { createImageVolume } = await import('./image-volumes.ts');
    return await createImageVolume(engine, request);
  }
  if (driver !== 'local' && driver !== '')
    throw new UnsupportedError(
      `volume driver ${JSON.stringify(driver)} is not supported: use local or image`,
    );
  const volume = createInLibpod(engine, {
    name: request.name ?? newId(),
    anonymous: request.name === undefined,
    labels: Object.fromEntries(request.labels.map((text) => pair(text))),
    options: Object.fromEntries(request.options.map((text) => pair(text))),
    ignoreExisting: request.ignore,
    owner: { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) },
  });
  return volume.name;
}

export interface ListedVolume {
  volume: VolumeRecord;
  /** How many containers use it. */
  links: number;
}

/** By name. */
export function listVolumes(engine: Engine, filters: readonly string[]): ListedVolume[] {
  return withLinks(engine, filters, listAll(engine));
}

function withLinks(
  engine: Engine,
  filters: readonly string[],
  volumes: readonly VolumeRecord[],
): ListedVolume[] {
  const matches = volumePredicate(engine, filters);
  const links = linkCounts(engine);
  return volumes.filter(matches).map((volume) => ({ volume, links: links.get(volume.name) ?? 0 }));
}

export function volumeExists(engine: Engine, name: string): boolean {
  return hasVolume(engine, name);
}

/** The document of `volume inspect`, by name or unique beginning of one. Throws NotFoundError. */
export async function inspectVolume(engine: Engine, name: string): Promise<Record<string, unknown>> {
  const volume = lookupVolume(engine, name);
  return { ...volumeDocument(volume), MountCount: countHolders(engine, volume.name) };
}

/** The same as docker shows it. */
export function dockerVolume(engine: Engine, name: string): Record<string, unknown> {
  return dockerVolumeDocument(lookupVolume(engine, name));
}

export function dockerVolumeDocument(volume: VolumeRecord): Record<string, unknown> {
  return {
    // Whole seconds, as docker has it.
    CreatedAt: volume.createdAt.replace(/\.\d+/, ''),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  };
}

/** podman's members, in its order; what it leaves out when empty is left out. */
export function volumeDocument(volume: VolumeRecord): Record<string, unknown> {
  const owner = ownerIn(volume.options);
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: volume.mountpoint,
    CreatedAt: goTime(volume.createdAt),
    Labels: volume.labels,
    Scope: 'local',
    Options: volume.options,
    ...(owner === undefined || owner.uid === 0 ? {} : { UID: owner.uid }),
    ...(owner === undefined || owner.gid === 0 ? {} : { GID: owner.gid }),
    ...(volume.anonymous ? { Anonymous: true } : {}),
    MountCount: 0,
    ...(volume.needsCopyUp ? { NeedsCopyUp: true } : {}),
    LockNumber: 0,
  };
}

export interface RemoveVolumeOptions {
  /** Containers that use it go first, running ones too; one that is not there is fine. */
  force: boolean;
  /** docker's force: only that one that is not there is fine. */
  ignoreMissing?: boolean;
  /** Seconds for these containers to stop. */
  timeout: number | undefined;
}

/** False: there was none, and none had to be. */
export async function removeVolume(
  engine: Engine,
  name: string,
  options: RemoveVolumeOptions,
): Promise<boolean> {
  let volume: Pick<VolumeRecord, 'name'>;
  try {
    // One whose row is damaged can be removed, too.
    volume = hasVolume(engine, name) ? { name } : lookupVolume(engine, name);
  } catch (error) {
    if ((options.force || options.ignoreMissing) && error instanceof NotFoundError) return false;
    throw error;
  }
  if (options.force)
    for (const id of volumeUsers(engine, volume.name))
      await removeContainer(engine, id, {
        force: true,
        dependents: true,
        ...(options.timeout === undefined ? {} : { stopTimeout: options.timeout }),
      });
  // An anonymous one went with its container.
  if (options.force && !hasVolume(engine, volume.name)) return true;
  await removeFromLibpod(engine, volume.name);
  return true;
}

export interface PruneVolumesReport {
  removed: string[];
  failures: unknown[];
  reclaimed: number;
}

/** The volumes that `prune` would take: unused ones that meet all filters. */
export function unusedVolumes(
  engine: Engine,
  options: { filters: readonly string[]; anonymousOnly: boolean },
): string[] {
  return withLinks(engine, options.filters, intactVolumes(engine))
    .filter(({ volume, links }) => links === 0 && (volume.anonymous || !options.anonymousOnly))
    .map(({ volume }) => volume.name);
}

export async function pruneVolumes(engine: Engine, names: readonly string[]): Promise<PruneVolumesReport> {
  const report: PruneVolumesReport = { removed: [], failures: [], reclaimed: 0 };
  for (const name of names) {
    const volume = findVolume(engine, name);
    if (volume === undefined) continue;
    const size = await volumeSize(engine, volume);
    try {
      await removeFromLibpod(engine, name);
      report.removed.push(name);
      report.reclaimed += size;
    } catch (error) {
      // A container has taken it meanwhile.
      if (!(error instanceof InUseError)) report.failures.push(error);
    }
  }
  return report;
}

/** Bytes of its files. */
export function volumeSize(engine: Engine, volume: VolumeRecord): Promise<number> {
  return contentSize(engine.syscalls, volume.mountpoint);
}

function lookupVolume(engine: Engine, name: string): VolumeRecord {
  const exact = findVolume(engine, name);
  if (exact !== undefined) return exact;
  const matches = name === '' ? [] : listAll(engine).filter((volume) => volume.name.startsWith(name));
  const [only, second] = matches;
  if (only === undefined)
    throw new NotFoundError('volume', name, {
      message: `no volume with name ${JSON.stringify(name)} found: no such volume`,
      docker: `get ${name}: no such volume`,
    });
  if (second !== undefined)
    throw new ConflictError(`more than one result for volume name ${name}: volume name is ambiguous`);
  return only;
}

function linkCounts(engine: Engine): Map<string, number> {
  const rows = engine.db
    .prepare('SELECT volume_name AS name, COUNT(*) AS links FROM container_volumes GROUP BY volume_name')
    .all() as { name: string; links: number }[];
  return new Map(rows.map(({ name, links }) => [name, links]));
}

export function pair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Where its files are. One whose options say what is mounted there stays mounted until `unmountVolume`. */
export async function mountVolume(engine: Engine, name: string): Promise<string> {
  return await holdVolume(engine, getVolume(engine, name), USER);
}

/** Nothing mounted is fine. */
export async function unmountVolume(engine: Engine, name: string): Promise<void> {
  await letVolumeGo(engine, getVolume(engine, name).name, USER);
}

/** Who holds a volume that was mounted by hand. */
const USER = 'user';
