import { existsSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { InvalidSpecError, PermissionError, UnsupportedError, errnoOf, messageOf } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { MNT_DETACH, MS_BIND } from '../native/syscalls.ts';
import { toHostId } from '../rootless/id-maps.ts';
import type { UserNamespaceSpec } from '../specgen/container-spec.ts';
import { idMapText } from '../storage/id-owners.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { joinedNamespaces } from './joined-namespaces.ts';

/** The user namespace that a container is about to start in. */
export interface ContainerUserns {
  path: string;
  /** Owner outside of what belongs to these ids inside. */
  ownerOf(uid: number, gid: number): { uid: number; gid: number };
  /** The same directory at a place that the container's root may reach, who is nobody outside. */
  expose(rootfs: string): string;
}

/**
 * Makes the container's user namespace, or finds the one it joins. It exists before the container, so that the network namespace and
 * files can belong to it. To be undone with releaseUserns.
 */
export function enterUserns(
  libpod: Libpod,
  record: ContainerRecord,
  maps: UserNamespaceSpec,
): ContainerUserns {
  const joined = joinedNamespaces(libpod, record).user;
  if (joined !== undefined && !existsSync(joined))
    throw new InvalidSpecError(`no user namespace at ${joined}`);
  return {
    path: joined ?? makeUserns(libpod, record, maps),
    ownerOf: (uid, gid) => ownerOf(maps, uid, gid),
    expose: (rootfs) => expose(libpod, record.id, rootfs),
  };
}

/** Idempotent; works from the id alone. */
export function releaseUserns(libpod: Libpod, id: string): void {
  libpod.syscalls.removeTreeAt(-100, detached(libpod, usernsFile(libpod, id)));
  const path = hideRootfs(libpod, id);
  for (const directory of [path, dirname(path)]) {
    try {
      rmdirSync(directory);
    } catch {
      // Not there, or others use it.
    }
  }
}

/**
 * Once the runtime has the container's root, nobody needs another path to it. The directory stays: a runtime may change to
 * it before it enters the container again.
 */
export function hideRootfs(libpod: Libpod, id: string): string {
  return detached(libpod, join(exposedDirectory(), id));
}

function makeUserns(libpod: Libpod, record: ContainerRecord, maps: UserNamespaceSpec): string {
  const file = usernsFile(libpod, record.id);
  // What a killed start has left.
  libpod.syscalls.removeTreeAt(-100, detached(libpod, file));
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    libpod.syscalls.createUserns(file, idMapText(maps.uids), idMapText(maps.gids));
  } catch (error) {
    throw new UnsupportedError(
      `cannot make the user namespace of container ${record.name}: ${messageOf(error)}`,
      {
        cause: error,
        hint: 'its --userns, --uidmap or --gidmap names ids that are not yours to give, or sysctl user.max_user_namespaces is reached',
      },
    );
  }
  crashPoint('userns-after-create');
  return file;
}

function usernsFile(libpod: Libpod, id: string): string {
  return join(libpod.paths.runRoot, 'userns', id);
}

function ownerOf(maps: UserNamespaceSpec, uid: number, gid: number): { uid: number; gid: number } {
  const owner = { uid: toHostId(maps.uids, uid), gid: toHostId(maps.gids, gid) };
  if (owner.uid === undefined || owner.gid === undefined)
    throw new InvalidSpecError(`the container's user namespace has no user and group ${uid}:${gid}`, {
      hint: 'choose another --user, or map more ids',
    });
  return { uid: owner.uid, gid: owner.gid };
}

/** Storage may lie below a home directory that is closed to others: the way there is not opened, the root is shown elsewhere. */
function expose(libpod: Libpod, id: string, rootfs: string): string {
  const path = hideRootfs(libpod, id);
  makePlace(path);
  libpod.syscalls.mount(rootfs, path, '', MS_BIND, '');
  crashPoint('userns-after-expose');
  return path;
}

/** Whoever releases the last container takes the directory above away: maybe just after we have made it. */
function makePlace(path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      makeReachable(dirname(path));
      makeReachable(path);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt === PLACE_ATTEMPTS) throw error;
    }
  }
}

const PLACE_ATTEMPTS = 100;

function makeReachable(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o711 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const found = lstatSync(directory);
    if (!found.isDirectory() || found.uid !== 0)
      throw new PermissionError(`${directory} is somebody else's: cannot show a container its root there`);
  }
}

function exposedDirectory(): string {
  const uid = rootlessUid();
  return uid === undefined ? '/run/tspod-rootfs' : `/tmp/tspod-rootfs-${uid}`;
}

function detached(libpod: Libpod, path: string): string {
  try {
    libpod.syscalls.umount(path, MNT_DETACH);
  } catch {
    // Not mounted, or not there.
  }
  return path;
}
