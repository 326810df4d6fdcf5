import { readFileSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/** `size` ids from `containerId` on, inside, are the ids from `hostId` on, outside. As in the OCI runtime spec. */
export interface IdMapping {
  containerId: number;
  hostId: number;
  size: number;
}

export interface IdMaps {
  uids: readonly IdMapping[];
  gids: readonly IdMapping[];
}

export interface IdRange {
  start: number;
  count: number;
}

/** The maps of the user namespace that this process is in. Root of the machine has one that maps every id to itself. */
export function readIdMaps(): IdMaps {
  return {
    uids: parseIdMap(readFileSync('/proc/self/uid_map', 'utf8')),
    gids: parseIdMap(readFileSync('/proc/self/gid_map', 'utf8')),
  };
}

/** The text of /proc/PID/uid_map: lines of three numbers. */
export function parseIdMap(text: string): IdMapping[] {
  const mappings: IdMapping[] = [];
  for (const line of text.split('\n')) {
    const [containerId, hostId, size] = line.trim().split(/\s+/).map(Number);
    if (containerId === undefined || hostId === undefined || size === undefined) continue;
    mappings.push({ containerId, hostId, size });
  }
  return mappings;
}

/** Undefined when the id is not mapped: it does not exist outside. */
export function toHostId(map: readonly IdMapping[], id: number): number | undefined {
  const mapping = map.find(({ containerId, size }) => id >= containerId && id < containerId + size);
  return mapping && mapping.hostId + (id - mapping.containerId);
}

/** Undefined when the id is not mapped: inside it shows as nobody. */
export function toContainerId(map: readonly IdMapping[], hostId: number): number | undefined {
  const mapping = map.find(({ hostId: first, size }) => hostId >= first && hostId < first + size);
  return mapping && mapping.containerId + (hostId - mapping.hostId);
}

/** How many ids there are. */
export function mappedIds(map: readonly IdMapping[]): number {
  return map.reduce((sum, { size }) => sum + size, 0);
}

/**
 * The map for `--userns keep-id`: `id` inside is id 0 of the namespace that tspod runs in, i.e. the user; all other ids
 * move by one to make room. `available` is the number of ids of that namespace.
 */
export function keepIdMap(id: number, available: number): IdMapping[] {
  const below = Math.min(id, available - 1);
  const above = available - 1 - below;
  return [
    { containerId: 0, hostId: 1, size: below },
    { containerId: id, hostId: 0, size: 1 },
    { containerId: id + 1, hostId: below + 1, size: above },
  ].filter(({ size }) => size > 0);
}

/** Ranges laid end to end, from id `first` inside. */
export function mapRanges(ranges: readonly IdRange[], first = 0): IdMapping[] {
  let next = first;
  return ranges.map(({ start, count }) => {
    const mapping = { containerId: next, hostId: start, size: count };
    next += count;
    return mapping;
  });
}

/** The subordinate ids of a user, by name or by numeric id; empty when there are none. */
export function readSubordinateIds(kind: 'uid' | 'gid', owners: readonly string[]): IdRange[] {
  try {
    return parseSubordinateIds(readFileSync(`/etc/sub${kind}`, 'utf8'), owners);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Lines `OWNER:START:COUNT`. A range that overlaps an earlier one of the same owners is left out, as the kernel refuses both. */
export function parseSubordinateIds(text: string, owners: readonly string[]): IdRange[] {
  const ranges: IdRange[] = [];
  for (const line of text.split('\n')) {
    const match = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line);
    if (match?.[1] === undefined || !owners.includes(match[1])) continue;
    const next = { start: Number(match[2]), count: Number(match[3]) };
    if (next.count > 0 && !ranges.some((range) => overlap(range, next))) ranges.push(next);
  }
  return ranges;
}

function overlap(a: IdRange, b: IdRange): boolean {
  return a.start < b.start + b.count && b.start < a.start + a.count;
}
