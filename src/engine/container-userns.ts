import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { largestId } from '../libpod/largest-id.ts';
import { mapsFromFlags } from '../rootless/id-map-flags.ts';
import {
  type IdMapping,
  type IdMaps,
  keepIdMap,
  mappedIds,
  mapRanges,
  parseIdMap,
  readIdMaps,
  readSubordinateIds,
  toContainerId,
} from '../rootless/id-maps.ts';
import { hostGid, hostUid, rootlessIdentity } from '../rootless/namespace.ts';
import { parseUsernsMode, type UsernsMode } from '../rootless/userns-mode.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import type { ResolvedUserns } from '../specgen/spec-context.ts';
import type { Engine } from './engine.ts';
import { findHostGroup, findHostUser, type HostUser } from '../rootless/host-users.ts';

type Found = Pick<ResolvedUserns, 'mode' | 'maps'> & {
  defaultUser?: string | undefined;
  /** Who is known in its pod. */
  hostUsers?: ResolvedUserns['hostUsers'] | undefined;
};

/** What else must be known of the container to come. */
export interface UsernsPlace {
  topLayerId: string | undefined;
  lookupContainer(nameOrId: string): Pick<ContainerRecord, 'id' | 'name' | 'spec'>;
}

/** Undefined for the namespace that tspod runs in. `word` is what flag, environment or configuration says. */
export function resolveUserns(
  engine: Engine,
  options: CreateOptions,
  word: string,
  place: UsernsPlace,
): ResolvedUserns | undefined {
  const mapped = mapsOf(options);
  if (mapped !== undefined && options.userns)
    throw new InvalidSpecError(
      '--userns cannot be used together with --uidmap, --gidmap, --subuidname and --subgidname',
    );
  const mode = parseUsernsMode(word);
  const found: Found | undefined =
    mapped === undefined
      ? fromMode(engine, mode, options, place)
      : { mode: { mode: 'private' }, maps: copied(mapped) };
  if (found === undefined) return undefined;
  const own = mapped === undefined && mode.mode === 'keep-id' && keepsBoth(mode) ? [String(hostUid())] : [];
  return {
    mode: found.mode,
    maps: found.maps,
    defaultUser: found.defaultUser,
    hostUsers: [
      ...(found.hostUsers ?? []),
      ...hostUsers(own, found.maps).map((user) => ({ ...user, group: findHostGroup(hostGid()) })),
      ...hostUsers(options.hostuser ?? [], found.maps),
    ],
  };
}

/** Those of `--hostuser` for a container without a namespace of its own: by the host's numbers, as podman has them everywhere. */
export function knownHostUsers({ hostuser = [] }: CreateOptions): ResolvedUserns['hostUsers'] {
  return hostuser.map((name) => findHostUser(name));
}

function keepsBoth(mode: Extract<UsernsMode, { mode: 'keep-id' }>): boolean {
  return rootlessUid() !== undefined && mode.uid === undefined && mode.gid === undefined;
}

function fromMode(
  engine: Engine,
  mode: UsernsMode,
  options: CreateOptions,
  place: UsernsPlace,
): Found | undefined {
  const own = readIdMaps();
  switch (mode.mode) {
    case 'host':
      return undefined;
    case 'private':
      return { mode: { mode: 'private' }, maps: identity(own) };
    case 'nomap':
      return { mode: { mode: 'private' }, maps: withoutUser(own) };
    case 'keep-id':
      return keepId(mode, own);
    case 'auto':
      return { mode: { mode: 'private' }, maps: drawLater(engine, mode, options, place) };
    case 'container': {
      const other = place.lookupContainer(mode.container);
      const maps = other.spec.userNamespace;
      if (maps === undefined) return undefined;
      const { user, hostUsers: known } = other.spec.process;
      return {
        mode: { mode: 'container', id: other.id },
        maps: { uids: maps.uids, gids: maps.gids },
        // Who a pod of keep-id is for, all its containers are for.
        ...(other.spec.podRole === 'infra' ? { defaultUser: user, hostUsers: known } : {}),
      };
    }
    case 'ns': {
      const [uids, gids] = readMapsAt(engine, mode.path);
      return { mode: { mode: 'path', path: mode.path }, maps: { uids, gids } };
    }
  }
}

function readMapsAt(engine: Engine, path: string): [IdMapping[], IdMapping[]] {
  try {
    const [uids, gids] = engine.syscalls.readUsernsMaps(path);
    return [parseIdMap(uids), parseIdMap(gids)];
  } catch (error) {
    throw new InvalidSpecError(`--userns ns:${path} is no user namespace that can be entered`, {
      cause: error,
    });
  }
}

/** A namespace of its own with all the ids there are. */
function identity(own: IdMaps): { uids: IdMapping[]; gids: IdMapping[] } {
  const same = (map: readonly IdMapping[]) =>
    map.map(({ containerId, size }) => ({ containerId, hostId: containerId, size }));
  return { uids: same(own.uids), gids: same(own.gids) };
}

function withoutUser(own: IdMaps): { uids: IdMapping[]; gids: IdMapping[] } {
  if (rootlessUid() === undefined)
    throw new UnsupportedError('--userns nomap is for users without root', {
      hint: 'as root use --userns auto, or --subuidname',
    });
  requireIds('nomap');
  const rest = (map: readonly IdMapping[]) => [{ containerId: 0, hostId: 1, size: mappedIds(map) - 1 }];
  return { uids: rest(own.uids), gids: rest(own.gids) };
}

function keepId(mode: Extract<UsernsMode, { mode: 'keep-id' }>, own: IdMaps): Found {
  const uid = mode.uid ?? hostUid();
  const gid = mode.gid ?? hostGid();
  const result = { mode: { mode: 'private' as const }, defaultUser: `${uid}:${gid}` };
  // Root has its own id anyway.
  if (rootlessUid() === undefined) return { ...result, maps: identity(own) };
  requireIds('keep-id');
  const limit = (map: readonly IdMapping[]) =>
    Math.min(mode.size ?? Number.POSITIVE_INFINITY, mappedIds(map));
  return {
    ...result,
    maps: { uids: keepIdMap(uid, limit(own.uids)), gids: keepIdMap(gid, limit(own.gids)) },
  };
}

function requireIds(mode: string): void {
  if (rootlessIdentity()?.singleId !== true) return;
  throw new UnsupportedError(`--userns ${mode} needs more ids than your own one`, {
    hint: 'give yourself ids in /etc/subuid and /etc/subgid (docs/rootless.md), then run `tspod system migrate`',
  });
}

const SMALLEST_DRAW = 1024;

function drawLater(
  engine: Engine,
  mode: Extract<UsernsMode, { mode: 'auto' }>,
  options: CreateOptions,
  place: UsernsPlace,
): ResolvedUserns['maps'] {
  requireIds('auto');
  const { uids, gids } = mode;
  const wanted = (options.user ?? '').split(':').map((part) => (/^\d+$/.test(part) ? Number(part) + 1 : 0));
  const size = mode.size ?? Math.max(SMALLEST_DRAW, largestId(engine, place.topLayerId) + 1, ...wanted);
  return { uids: [], gids: [], draw: { size, uids, gids } };
}

/** By the flags that name ids; undefined without them. */
function mapsOf(options: CreateOptions): IdMaps | undefined {
  const { uidmap = [], gidmap = [], subuidname, subgidname } = options;
  const own = readIdMaps();
  if (subuidname !== undefined || subgidname !== undefined) {
    if (uidmap.length > 0 || gidmap.length > 0)
      throw new InvalidSpecError(
        '--subuidname and --subgidname cannot be used together with --uidmap and --gidmap',
      );
    const user = subuidname ?? subgidname ?? '';
    const group = subgidname ?? user;
    const uidFlag = subuidname === undefined ? '--subgidname' : '--subuidname';
    const gidFlag = subgidname === undefined ? '--subuidname' : '--subgidname';
    return {
      uids: subordinate('uid', { flag: uidFlag, name: user }, own.uids),
      gids: subordinate('gid', { flag: gidFlag, name: group }, own.gids),
    };
  }
  if (uidmap.length === 0 && gidmap.length === 0) return undefined;
  const maps = mapsFromFlags(
    { uidMap: uidmap, gidMap: gidmap },
    { own, rootless: rootlessUid() !== undefined },
  );
  for (const [flag, map] of [
    ['--uidmap', maps.uids],
    ['--gidmap', maps.gids],
  ] as const)
    if (!map.some(({ containerId }) => containerId === 0))
      throw new InvalidSpecError(
        `${flag} leaves the container without id 0, which the runtime needs to set it up`,
        {
          hint: `add one for it: ${flag} 0:FROM_ID:1`,
        },
      );
  return maps;
}

/** What one flag alone says holds for both kinds. */
function subordinate(
  kind: 'uid' | 'gid',
  { flag, name }: { flag: string; name: string },
  own: readonly IdMapping[],
): IdMapping[] {
  const ranges = readSubordinateIds(kind, [name]);
  if (ranges.length === 0)
    throw new InvalidSpecError(`/etc/sub${kind} has no ids for "${name}" (${flag})`, {
      hint: `add a line to /etc/sub${kind}: ${name}:START:COUNT`,
    });
  return mapRanges(ranges).map(({ containerId, hostId, size }) => {
    const first = toContainerId(own, hostId);
    const last = toContainerId(own, hostId + size - 1);
    if (first === undefined || last === undefined || last - first !== size - 1)
      throw new InvalidSpecError(`${flag} ${name}: ${kind}s ${hostId} to ${hostId + size - 1} are not yours`);
    return { containerId, hostId: first, size };
  });
}

function copied({ uids, gids }: IdMaps): { uids: IdMapping[]; gids: IdMapping[] } {
  return { uids: [...uids], gids: [...gids] };
}

/** Users of the host, by the ids that they have inside. */
function hostUsers(names: readonly string[], maps: ResolvedUserns['maps']): ResolvedUserns['hostUsers'] {
  const own = readIdMaps();
  return names.map((name) => {
    const user: HostUser = findHostUser(name);
    const uid = inside(maps.uids, toContainerId(own.uids, user.uid));
    const gid = inside(maps.gids, toContainerId(own.gids, user.gid));
    if (uid === undefined)
      throw new InvalidSpecError(
        `--hostuser ${name}: user ${user.uid} of the host has no id in the container`,
      );
    return { ...user, uid, gid: gid ?? 0 };
  });
}

function inside(map: readonly IdMapping[], id: number | undefined): number | undefined {
  return id === undefined ? undefined : toContainerId(map, id);
}
