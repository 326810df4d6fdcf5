import { resolveUser } from '../oci/user.ts';
import { toContainerId, toHostId } from '../rootless/id-maps.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { userFiles } from './user-files.ts';

export interface Ids {
  uid: number;
  gid: number;
}

/** Between the ids that a container's processes see and those of the namespace that tspod runs in. */
export interface ContainerIds {
  toHost(ids: Ids): Ids;
  toContainer(ids: Ids): Ids;
  /** The user that its command runs as, in its own ids. `rootfs` is any way to its root directory. */
  user(rootfs: string): Ids;
}

const NOBODY = 65534;

export function idsOfContainer(libpod: Libpod, record: ContainerRecord): ContainerIds {
  const maps = record.spec.userNamespace;
  const user = (rootfs: string): Ids => {
    const { user: wanted, hostUsers } = record.spec.process;
    const request = { user: wanted, groupAdd: [], hostUsers, syscalls: libpod.syscalls };
    const files = userFiles(libpod, record, { isRunning: false });
    const { uid, gid } = resolveUser({ ...request, ...files, rootfs });
    return { uid, gid };
  };
  if (maps === undefined) return { toHost: (ids) => ids, toContainer: (ids) => ids, user };
  const { uids, gids } = maps;
  return {
    toHost: ({ uid, gid }) => ({
      uid: toHostId(uids, uid) ?? NOBODY,
      gid: toHostId(gids, gid) ?? NOBODY,
    }),
    toContainer: ({ uid, gid }) => ({
      uid: toContainerId(uids, uid) ?? NOBODY,
      gid: toContainerId(gids, gid) ?? NOBODY,
    }),
    user,
  };
}
