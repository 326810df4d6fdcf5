import { readFileSync } from 'node:fs';
import { InvalidSpecError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { ResolvedUser } from '../oci/user.ts';
import { type IdMapping, mappedIds, parseIdMap, toHostId } from '../rootless/id-maps.ts';
import type { ContainerRecord } from './container.ts';
import type { ContainerUserns } from './user-namespace.ts';

export interface Owner {
  uid: number;
  gid: number;
}

/** Who the container's root and its user are outside: the owners of what is made for them. */
export function ownersOutside(
  user: Owner,
  userns: Pick<ContainerUserns, 'ownerOf'> | undefined,
): { root: Owner; user: Owner } {
  if (userns === undefined) return { root: { uid: 0, gid: 0 }, user };
  return { root: userns.ownerOf(0, 0), user: userns.ownerOf(user.uid, user.gid) };
}

/**
 * The user, if the container's user namespace has it: the runtime would say no more than "invalid argument". Of the groups that the
 * image puts it in only those remain that exist here; with a single id the kernel lets nobody set any.
 */
export function existingUser({ spec }: Pick<ContainerRecord, 'spec'>, user: ResolvedUser): ResolvedUser {
  const maps = spec.userNamespace;
  if (maps === undefined && rootlessUid() === undefined) return user;
  if (user.uid === 0 && user.gid === 0 && user.additionalGids.length === 0) return user;
  const gids = maps?.gids ?? ownMap('gid');
  check('user', maps?.uids ?? ownMap('uid'), [user.uid]);
  check('group', gids, [user.gid]);
  if (spec.process.groupAdd.length > 0) check('group', gids, user.additionalGids);
  const mayHaveGroups = mappedIds(gids) > 1;
  const additionalGids = user.additionalGids.filter(
    (gid) => mayHaveGroups && toHostId(gids, gid) !== undefined,
  );
  return { ...user, additionalGids };
}

function check(kind: 'user' | 'group', map: readonly IdMapping[], ids: readonly number[]): void {
  const missing = ids.find((id) => toHostId(map, id) === undefined);
  if (missing === undefined) return;
  const ranges = map.map(({ containerId, size }) =>
    size === 1 ? `${containerId}` : `${containerId} to ${containerId + size - 1}`,
  );
  throw new InvalidSpecError(
    `${kind} ${missing} does not exist in the user namespace of the container, which has ${ranges.join(' and ')}`,
    {
      hint:
        rootlessUid() === undefined
          ? 'choose another --user, or map more ids with --userns, --uidmap and --gidmap'
          : `choose another --user, or give yourself more ids in /etc/sub${kind === 'user' ? 'u' : 'g'}id and run \`tspod system migrate\``,
    },
  );
}

function ownMap(kind: 'uid' | 'gid'): IdMapping[] {
  return parseIdMap(readFileSync(`/proc/self/${kind}_map`, 'utf8'));
}
