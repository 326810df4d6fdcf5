import { readFileSync, rmSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import { AT_FDCWD } from '../native/syscalls.ts';
import { allowReserve, type Row, transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { type ContainerRecord, updateContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { releaseFailedStart } from './release.ts';
import { deleteVolumeRow, volumeUsers } from './volume.ts';
import { deleteVolumeData, type RemovedData } from './volume-data.ts';
import { forgetUserMount } from './user-mount-marks.ts';

/**
 * Deletes everything of a container that does not run. The caller holds its lock. From the first transaction on it counts as being
 * removed, and whoever comes next completes it.
 */
export async function deleteContainer(
  libpod: Libpod,
  record: ContainerRecord,
  withVolumes = takesVolumes(record),
): Promise<void> {
  markRemoving(libpod, record, withVolumes);
  await deleteMarked(libpod, record, withVolumes);
}

function takesVolumes(record: ContainerRecord): boolean {
  return record.spec.autoRemove || record.facts.withVolumes === true;
}

/** The first step of `deleteContainer`, which may be part of a transaction of the caller's. */
export function markRemoving(
  libpod: Libpod,
  record: ContainerRecord,
  withVolumes = takesVolumes(record),
): void {
  const { db } = libpod;
  allowReserve(db);
  const owner = formatIdentity(ownIdentity());
  const facts = { ...record.facts, withVolumes };
  const mark = (): void => updateContainer(db, record.id, { state: 'removing', owner, facts });
  transaction(db, mark, isDurable(record));
}

/** One that removes itself does not outlive a power cut anyway. */
function isDurable(record: ContainerRecord): boolean {
  return !record.spec.autoRemove && record.buildOwner === undefined;
}

/** The rest of `deleteContainer`; `record` is as it was before the mark. */
export async function deleteMarked(
  libpod: Libpod,
  record: ContainerRecord,
  withVolumes = takesVolumes(record),
): Promise<void> {
  const { bundle, lock } = containerPaths(libpod.paths, record.id);
  crashPoint('remove-after-mark');
  // A build puts secrets beside a container before it starts.
  const isForBuild = record.buildOwner !== undefined;
  if (
    record.facts.held === true ||
    isForBuild ||
    record.state === 'removing' ||
    record.state === 'initialized'
  )
    await releaseFailedStart(libpod, record);
  const freed = libpod.store.rootfs.remove(record.id, record.project);
  try {
    crashPoint('remove-after-rootfs');
    // The mark is: what a power cut takes back here, whoever comes next does again.
    const volumes = new Set<RemovedData>();
    transaction(libpod.db, () => deleteRows(libpod, record, withVolumes, volumes), false);
    crashPoint('remove-after-row');
    for (const removed of volumes) await deleteVolumeData(libpod, removed);
    libpod.syscalls.removeTreeAt(AT_FDCWD, bundle.bundle);
    removeCidFile(record);
    forgetUserMount(libpod, record.id);
    rmSync(lock, { force: true });
  } finally {
    await freed;
  }
}

/** Adds what the volumes that go with it leave: on a full disk it may run twice. */
function deleteRows(
  libpod: Libpod,
  record: ContainerRecord,
  withVolumes: boolean,
  removed: Set<RemovedData>,
): void {
  const { db } = libpod;
  const takesAll = record.checkpoint?.importing?.ownsVolumes === true;
  const volumes = withVolumes || takesAll ? volumesOf(libpod, record.id, takesAll) : [];
  db.prepare('DELETE FROM containers WHERE id = ?').run(record.id);
  if (record.buildOwner === undefined)
    recordEvent(db, {
      kind: 'container',
      action: 'remove',
      objectId: record.id,
      name: record.name,
      attributes: { ...record.spec.labels, image: record.imageName },
    });
  const unused = volumes.filter((name) => volumeUsers(libpod, name).length === 0);
  for (const name of unused) {
    const data = deleteVolumeRow(libpod, name);
    if (data !== undefined) removed.add(data);
  }
}

/** Its anonymous ones, or `all`. */
function volumesOf(libpod: Libpod, id: string, all: boolean): string[] {
  const rows = libpod.db
    .prepare(
      'SELECT v.name FROM volumes v JOIN container_volumes c ON c.volume_name = v.name WHERE c.container_id = ? AND v.anonymous >= ?',
    )
    .all(id, all ? 0 : 1) as Row[];
  return rows.map((row) => String(row['name']));
}

/** The next container that is to write the file finds it free; one that names another container by now is left alone. */
function removeCidFile({ id, spec }: ContainerRecord): void {
  if (spec.cidFile === undefined || !spec.cidFile.startsWith('/')) return;
  try {
    if (readFileSync(spec.cidFile, 'utf8').trim() === id) rmSync(spec.cidFile);
  } catch {
    // It is gone, or nobody may read it.
  }
}
