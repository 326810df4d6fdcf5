import { renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { MNT_DETACH } from '../native/syscalls.ts';
import { transaction } from '../state/db.ts';
import { isListedMount } from '../storage/drivers/mount-point.ts';
import { storeLayout } from '../storage/layout.ts';
import { moveToTrash } from '../storage/removal.ts';
import type { Libpod } from './context.ts';
import { freeVolumeLimits } from './volume-quota.ts';
import { abandonedElsewhere, type Elsewhere, forgetElsewhere, noteElsewhere } from './elsewhere.ts';

/** No volume has such a name. */
const REMOVED = '.removed-';

/** Where the files of a volume went, whose row has gone or is about to. */
export interface RemovedData {
  from: string;
  /** Undefined: there were none. */
  to: string | undefined;
  isElsewhere: boolean;
}

/**
 * To be called in the transaction that takes the row away: another volume of that name may be made at once, and must not find the old
 * files. What is mounted there belongs to others, and stays.
 */
export function takeVolumeData(libpod: Libpod, mountpoint: string): RemovedData {
  unmountVolume(libpod, mountpoint);
  freeVolumeLimits(libpod, mountpoint);
  const from = dirname(mountpoint);
  if (dirname(from) === libpod.paths.volumes)
    return { from, to: moveToTrash(storeLayout(libpod.paths.graphRoot), from), isElsewhere: false };
  const to = join(dirname(from), `${REMOVED}${newId().slice(0, 16)}`);
  noteElsewhere(libpod.db, { kind: 'volume', key: to, place: {} });
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { from, to: undefined, isElsewhere: true };
  }
  return { from, to, isElsewhere: true };
}

/** After that transaction. */
export async function deleteVolumeData(libpod: Libpod, { to, isElsewhere }: RemovedData): Promise<void> {
  if (to === undefined) return;
  await libpod.syscalls.removeTree(to);
  if (isElsewhere) forgetElsewhere(libpod.db, to);
}

/** The transaction has failed. */
export function putVolumeDataBack({ from, to }: RemovedData): void {
  if (to !== undefined) renameSync(to, from);
}

/** Not mounted is fine. */
export function unmountVolume(libpod: Libpod, mountpoint: string): void {
  while (isListedMount(mountpoint)) libpod.syscalls.umount(mountpoint, MNT_DETACH);
}

/** Directories that killed commands were making or removing, outside of the graph root. */
export function abandonedVolumeData(libpod: Libpod): Elsewhere[] {
  return abandonedElsewhere(libpod.db, 'volume');
}

/** To be called before the transaction in which volumes of these names may be made. */
export function noteNewVolumes({ db, paths }: Libpod, names: readonly string[]): void {
  if (paths.newVolumes === paths.volumes) return;
  for (const name of names)
    noteElsewhere(db, { kind: 'volume', key: join(paths.newVolumes, name), place: {} });
}

/** In that transaction. */
export function forgetNewVolume({ db, paths }: Libpod, name: string): void {
  if (paths.newVolumes !== paths.volumes) forgetElsewhere(db, join(paths.newVolumes, name));
}

/** One that never came to have a row may have held somebody's files before: only an empty one goes. */
export async function removeAbandonedData(libpod: Libpod, { key }: Elsewhere): Promise<void> {
  if (key.includes(`/${REMOVED}`)) await libpod.syscalls.removeTree(key);
  else transaction(libpod.db, () => removeUnused(libpod, key), false);
  forgetElsewhere(libpod.db, key);
}

/** Whoever makes a volume holds the lock of the transaction. */
function removeUnused(libpod: Libpod, directory: string): void {
  const data = join(directory, '_data');
  if (libpod.db.prepare('SELECT 1 FROM volumes WHERE mountpoint = ?').get(data) !== undefined) return;
  freeVolumeLimits(libpod, data);
  for (const path of [data, directory])
    try {
      rmdirSync(path);
    } catch {
      // It holds something, or has gone.
    }
}
