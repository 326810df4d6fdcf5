import { UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { type IdMapping, type IdRange, readIdMaps, readSubordinateIds } from '../rootless/id-maps.ts';
import { layMappingOver } from '../rootless/id-map-flags.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { Row } from '../state/db.ts';
import type { Libpod } from './context.ts';

/**
 * Gives a container of `--userns auto` ids that no other such container has, running or not. The rows of the containers are
 * the record of what is taken; to be called in the transaction that adds the new one.
 */
export function drawIds(libpod: Libpod, spec: ContainerSpec): ContainerSpec {
  const maps = spec.userNamespace;
  if (maps?.draw === undefined) return spec;
  const { size } = maps.draw;
  const taken = drawnByOthers(libpod);
  const draw = (kind: 'uid' | 'gid'): IdMapping[] => {
    const start = firstFree(pool(kind), taken[`${kind}s`], size);
    if (start === undefined) throw exhausted(kind, size);
    const drawn = [{ containerId: 0, hostId: start, size }];
    return (maps.draw?.[`${kind}s`] ?? []).reduce<IdMapping[]>(layMappingOver, drawn);
  };
  const userNamespace = { ...maps, uids: draw('uid'), gids: draw('gid') };
  return { ...spec, userNamespace };
}

function drawnByOthers(libpod: Libpod): { uids: IdMapping[]; gids: IdMapping[] } {
  const rows = libpod.db
    .prepare(
      "SELECT json_extract(spec, '$.userNamespace') AS maps FROM containers WHERE json_extract(spec, '$.userNamespace.draw') IS NOT NULL",
    )
    .all() as Row[];
  const all = rows.map(({ maps }) => JSON.parse(String(maps)) as { uids: IdMapping[]; gids: IdMapping[] });
  return { uids: all.flatMap(({ uids }) => uids), gids: all.flatMap(({ gids }) => gids) };
}

/** Whose subordinate ids root may draw from, as for podman. */
export const ROOTS_OWNER = 'containers';

/** The lowest place for `size` ids in a row. */
export function firstFree(
  pool: readonly IdRange[],
  taken: readonly IdMapping[],
  size: number,
): number | undefined {
  const used = [...taken].sort((a, b) => a.hostId - b.hostId);
  for (const { start, count } of pool) {
    let candidate = start;
    for (const range of used) {
      if (range.hostId >= candidate + size || range.hostId + range.size <= candidate) continue;
      candidate = range.hostId + range.size;
    }
    if (candidate + size <= start + count) return candidate;
  }
  return undefined;
}

/** For a user all ids of the namespace but their own; for root what /etc/subuid sets aside for containers. */
function pool(kind: 'uid' | 'gid'): IdRange[] {
  if (rootlessUid() === undefined) return readSubordinateIds(kind, [ROOTS_OWNER]);
  return readIdMaps()
    [`${kind}s`].map(({ containerId, size }) =>
      containerId === 0 ? { start: 1, count: size - 1 } : { start: containerId, count: size },
    )
    .filter(({ count }) => count > 0);
}

function exhausted(kind: 'uid' | 'gid', size: number): UnsupportedError {
  const owner = rootlessUid() === undefined ? ROOTS_OWNER : 'you';
  const where = `/etc/sub${kind}`;
  const ranges = readSubordinateIds(kind, [owner]);
  if (rootlessUid() === undefined && ranges.length === 0)
    return new UnsupportedError(`--userns auto: ${where} sets no ids aside for the user "${owner}"`, {
      hint: `add this line to ${where}: ${owner}:2147483648:1073741824`,
    });
  return new UnsupportedError(`--userns auto: there are no ${size} free ${kind}s in a row`, {
    hint: 'remove containers that were made with --userns auto, ask for fewer with auto:size=N, or add ids in /etc/subuid and /etc/subgid',
  });
}
