import { InvalidSpecError } from '../base/errors.ts';
import { type IdMapping, type IdMaps, toContainerId } from './id-maps.ts';
import { parseNumber } from './userns-mode.ts';

/**
 * The maps that `--uidmap` and `--gidmap` ask for: `[FLAGS]CONTAINER_ID:FROM_ID[:AMOUNT]`. The flags: `u` and `g` make it one for
 * users or groups alone, `+` lays it over what is there without it (all ids of `own` for a user, the mappings before it). A
 * FROM_ID with `@` is one of the machine, not of the namespace of tspod. What one flag alone says holds for both.
 */
export function mapsFromFlags(
  given: { uidMap: readonly string[]; gidMap: readonly string[] },
  place: { own: IdMaps; rootless: boolean },
): IdMaps {
  const fromUid = given.uidMap.map((text) => parseEntry(text, '--uidmap'));
  const fromGid = given.gidMap.map((text) => parseEntry(text, '--gidmap'));
  return {
    uids: compose(entriesFor('u', fromUid, fromGid), place, 'uids'),
    gids: compose(entriesFor('g', fromGid, fromUid), place, 'gids'),
  };
}

/** Those of its own flag, and those of the other one that are meant for it too. */
function entriesFor(kind: 'u' | 'g', own: readonly Entry[], other: readonly Entry[]): Entry[] {
  return [
    ...own.filter(({ kinds }) => kinds === '' || kinds.includes(kind)),
    ...other.filter(({ kinds }) => kinds.includes(kind) || (kinds === '' && own.length === 0)),
  ];
}

interface Entry {
  flag: string;
  /** '' (not said), 'u', 'g' or both. */
  kinds: string;
  extends: boolean;
  text: string;
  containerId: number;
  from: string;
  size: number;
}

function parseEntry(text: string, flag: string): Entry {
  const match = /^([+ug]*)(\d+):(@?\d+)(?::(\d+))?$/.exec(text);
  if (match?.[2] === undefined || match[3] === undefined)
    throw new InvalidSpecError(
      `invalid ${flag} "${text}": must be container-id:from-id[:amount], + u g may come before it and @ before from-id`,
    );
  const letters = match[1] ?? '';
  return {
    flag,
    kinds: `${letters.includes('u') ? 'u' : ''}${letters.includes('g') ? 'g' : ''}`,
    extends: letters.includes('+'),
    text,
    containerId: parseNumber(match[2], `${flag} "${text}"`, 0),
    from: match[3],
    size: parseNumber(match[4] ?? '1', `${flag} "${text}"`, 1),
  };
}

function compose(
  entries: readonly Entry[],
  { own, rootless }: { own: IdMaps; rootless: boolean },
  kind: 'uids' | 'gids',
): IdMapping[] {
  const all = own[kind];
  const extending = entries.some((entry) => entry.extends);
  let map: IdMapping[] =
    extending && rootless
      ? all.map(({ containerId, size }) => ({ containerId, hostId: containerId, size }))
      : [];
  for (const entry of entries) {
    const next = { containerId: entry.containerId, hostId: hostIdOf(entry, all), size: entry.size };
    refuseForeign(entry, next, all);
    if (entry.extends) map = layMappingOver(map, next);
    else if (map.some((other) => overlaps(other, next)))
      throw new InvalidSpecError(`${entry.flag} ${entry.text} overlaps an earlier mapping`, {
        hint: `put + before it to lay it over: ${entry.flag} +${entry.text}`,
      });
    else map.push(next);
  }
  return map.sort((a, b) => a.containerId - b.containerId);
}

/** The map with `next` in it; what had the same ids before, on either side, has them no more. */
export function layMappingOver(map: readonly IdMapping[], next: IdMapping): IdMapping[] {
  return [...without(map, next), next].sort((a, b) => a.containerId - b.containerId);
}

function hostIdOf({ from, flag, text }: Entry, own: readonly IdMapping[]): number {
  if (!from.startsWith('@')) return Number(from);
  const id = toContainerId(own, Number(from.slice(1)));
  if (id === undefined)
    throw new InvalidSpecError(`${flag} ${text}: id ${from.slice(1)} of this machine is not one of yours`);
  return id;
}

/** The kernel takes such a map for none of its namespace's ids, files cannot belong to them. */
function refuseForeign({ flag, text }: Entry, { hostId, size }: IdMapping, own: readonly IdMapping[]): void {
  const last = hostId + size;
  const mine = own.reduce((sum, part) => {
    const end = part.containerId + part.size;
    return sum + Math.max(0, Math.min(last, end) - Math.max(hostId, part.containerId));
  }, 0);
  if (mine >= size) return;
  const highest = Math.max(...own.map((part) => part.containerId + part.size - 1));
  throw new InvalidSpecError(
    `${flag} ${text}: there are no ids ${hostId} to ${last - 1} to map: yours end at ${highest}`,
    {
      hint: 'ids are counted as tspod sees them, 0 is you; a wider range in /etc/subuid and /etc/subgid gives more',
    },
  );
}

function overlaps(a: IdMapping, b: IdMapping): boolean {
  const cross = (x: number, y: number) => x < y + b.size && y < x + a.size;
  return cross(a.containerId, b.containerId) || cross(a.hostId, b.hostId);
}

/** Takes the ids of `hole`, on either side, out of the map. */
function without(map: readonly IdMapping[], hole: IdMapping): IdMapping[] {
  return cut(cut(map, hole.containerId, hole.size, 'containerId'), hole.hostId, hole.size, 'hostId');
}

function cut(
  map: readonly IdMapping[],
  start: number,
  size: number,
  side: 'containerId' | 'hostId',
): IdMapping[] {
  return map.flatMap((part) => {
    const first = Math.max(part[side], start) - part[side];
    const last = Math.min(part[side] + part.size, start + size) - part[side];
    if (first >= last) return [part];
    const after = {
      containerId: part.containerId + last,
      hostId: part.hostId + last,
      size: part.size - last,
    };
    return [{ ...part, size: first }, after].filter((piece) => piece.size > 0);
  });
}
