import { StorageError } from '../base/errors.ts';

/** `size` ids from `containerId` on are, on disk, those from `hostId` on. */
interface IdRange {
  containerId: number;
  hostId: number;
  size: number;
}

/** The ids of a container in a user namespace of its own. */
export interface RootfsIdMaps {
  uids: readonly IdRange[];
  gids: readonly IdRange[];
}

/** Owner on disk of what the image says belongs to these ids. */
export function shiftOwner(maps: RootfsIdMaps, uid: number, gid: number): { uid: number; gid: number } {
  const shifted = { uid: shift(maps.uids, uid), gid: shift(maps.gids, gid) };
  if (shifted.uid === undefined || shifted.gid === undefined)
    throw new StorageError(
      `the image has files of ${uid}:${gid}, ids that the container's user namespace does not have`,
      { hint: 'map more ids: --userns=auto:size=65536, or wider --uidmap and --gidmap' },
    );
  return { uid: shifted.uid, gid: shifted.gid };
}

/** The reverse, for what a container has written. Ids from outside its namespace become nobody's, as the container sees them. */
export function ownersInside(maps: RootfsIdMaps): (uid: number, gid: number) => { uid: number; gid: number } {
  return (uid, gid) => ({ uid: unshift(maps.uids, uid), gid: unshift(maps.gids, gid) });
}

/** Lines of /proc/PID/uid_map. */
export function idMapText(map: readonly IdRange[]): string {
  return map.map(({ containerId, hostId, size }) => `${containerId} ${hostId} ${size}\n`).join('');
}

const NOBODY = 65534;

function shift(map: readonly IdRange[], id: number): number | undefined {
  const range = map.find(({ containerId, size }) => id >= containerId && id < containerId + size);
  return range && range.hostId + (id - range.containerId);
}

function unshift(map: readonly IdRange[], id: number): number {
  const range = map.find(({ hostId, size }) => id >= hostId && id < hostId + size);
  return range === undefined ? NOBODY : range.containerId + (id - range.hostId);
}
