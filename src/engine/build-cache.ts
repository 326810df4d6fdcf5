import { statfsSync } from 'node:fs';
import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import { pruneCacheMounts } from '../build/mount-cache.ts';
import { removeAbandonedBuilds } from '../libpod/abandoned-builds.ts';
import { allowReserve, type Row, transaction } from '../state/db.ts';
import type { Engine } from './engine.ts';

export interface BuildCacheUsage {
  /** Steps and cache mounts. */
  total: number;
  /** Those that images share. */
  active: number;
  /** Bytes that nothing but the cache holds. */
  size: number;
}

/** Ids of all layers that images or containers of users stand on. */
const IN_USE = `WITH RECURSIVE used(id) AS (
    SELECT top_layer FROM images WHERE top_layer IS NOT NULL
    UNION SELECT layer_id FROM containers WHERE layer_id IS NOT NULL
    UNION SELECT layers.parent_id FROM layers JOIN used USING (id) WHERE layers.parent_id IS NOT NULL)`;
/** Layers that only entries of the cache keep. */
const HELD = `held(id) AS (
    SELECT layer_id FROM build_cache WHERE layer_id IS NOT NULL AND layer_id NOT IN (SELECT id FROM used)
    UNION SELECT layers.parent_id FROM layers JOIN held USING (id)
           WHERE layers.parent_id IS NOT NULL AND layers.parent_id NOT IN (SELECT id FROM used))`;

/**
 * Each layer with the entries on top of it: one is as recently used as what was built on it, and goes after it, since only then
 * space comes free.
 */
const CHAINS = `chain(layer, used_at, height) AS (
    SELECT layer_id, used_at, 0 FROM build_cache WHERE layer_id IS NOT NULL
    UNION ALL SELECT parent_id, used_at, height + 1 FROM chain JOIN layers ON id = layer WHERE parent_id IS NOT NULL)`;

export function buildCacheUsage({ db }: Engine): BuildCacheUsage {
  const row = db
    .prepare(
      `${IN_USE}, ${HELD} SELECT
         (SELECT COUNT(*) FROM build_cache WHERE kind = 'layer') AS steps,
         (SELECT COUNT(*) FROM build_cache WHERE kind = 'layer' AND layer_id IN (SELECT id FROM used)) AS active,
         (SELECT COUNT(*) FROM build_mounts) AS mounts,
         (SELECT COALESCE(SUM(size), 0) FROM build_mounts) AS mounted,
         (SELECT COALESCE(SUM(disk_size), 0) FROM layers JOIN held USING (id)) AS layers`,
    )
    .get() as Row;
  return {
    total: Number(row['steps']) + Number(row['mounts']),
    active: Number(row['active']),
    size: Number(row['mounted']) + Number(row['layers']),
  };
}

/** A step whose result is kept, or the directory of a cache mount. */
export interface BuildCacheEntry {
  id: string;
  type: 'regular' | 'exec.cachemount';
  description: string;
  /** An image or a container has its layer, whose size counts there. */
  inUse: boolean;
  /** Bytes. */
  size: number;
  createdAt: string;
  usedAt: string;
  uses: number;
}

/** The oldest first; a layer counts once, whoever else leads to it. */
export function listBuildCache({ db }: Engine): BuildCacheEntry[] {
  const rows = db
    .prepare(
      `${IN_USE}, ${HELD} SELECT key AS id, 'regular' AS type, description, created_at, used_at, uses, layer_id,
           layer_id IN (SELECT id FROM used) AS in_use, COALESCE(disk_size, 0) AS size
         FROM build_cache LEFT JOIN (SELECT layers.id AS held_id, disk_size FROM layers JOIN held USING (id)) ON held_id = layer_id
        WHERE kind = 'layer'
       UNION ALL SELECT id, 'exec.cachemount', key, created_at, used_at, 1, NULL, 0, size FROM build_mounts
       ORDER BY created_at, id`,
    )
    .all() as Row[];
  const seen = new Set<string>();
  return rows.map((row) => {
    const layer = row['layer_id'] === null ? undefined : String(row['layer_id']);
    const counts = layer === undefined || !seen.has(layer);
    if (layer !== undefined) seen.add(layer);
    return {
      id: String(row['id']),
      type: row['type'] === 'regular' ? 'regular' : 'exec.cachemount',
      description: String(row['description']),
      inUse: Number(row['in_use']) === 1,
      size: counts ? Number(row['size']) : 0,
      createdAt: String(row['created_at']),
      usedAt: String(row['used_at']),
      uses: Number(row['uses']),
    };
  });
}

export interface PruneBuildCacheOptions {
  /** Also what images share, and the directories of cache mounts. */
  all: boolean;
  /** Only what was used last before this date (RFC 3339). */
  until?: string | undefined;
  /** The cache may keep so many bytes: what was used last stays longest. */
  keep?: number | undefined;
}

/** Containers, directories and layers that builds which were killed have left. */
export async function pruneBuildContainers(engine: Engine): Promise<void> {
  const { removeLeftovers } = await import('../build/remove-leftovers.ts');
  await removeLeftovers(engine);
  await engine.store.layers.removeUnused();
}

/** The directories of RUN --mount=type=cache that no build is using; returns the bytes freed. */
export async function pruneMountCaches(engine: Engine): Promise<number> {
  return (await pruneCacheMounts(engine, () => true)).bytes;
}

export interface PruneBuildCacheReport {
  /** Keys of steps and ids of cache mounts. */
  removed: string[];
  /** Bytes. */
  reclaimed: number;
}

/** The date (RFC 3339) that filters name; of docker's only those that speak of time. */
export function unusedSince(filters: readonly string[]): string | undefined {
  const dates = filters.map((filter) => {
    const [name = '', value = ''] = filter.split(/=(.*)/s);
    if (name === 'until' || name === 'unused-for') return parsePastTime(value, name).toISOString();
    throw new UsageError(`filter ${JSON.stringify(name)} is not supported for the build cache: use until`);
  });
  return dates.sort()[0];
}

export interface CacheBounds {
  /** Never less than this is kept, whatever the others say. */
  reserved?: number | undefined;
  /** The cache shall take no more than this. */
  maxUsed?: number | undefined;
  /** So much of the disk shall be free afterwards. */
  minFree?: number | undefined;
}

/** How many bytes the cache may keep, by buildkit's rules; undefined: none. */
export function bytesToKeep(
  engine: Engine,
  { reserved = 0, maxUsed = 0, minFree = 0 }: CacheBounds,
): number | undefined {
  if (reserved === 0 && maxUsed === 0 && minFree === 0) return undefined;
  const { bavail, bsize } = statfsSync(engine.paths.graphRoot);
  const excess = minFree - bavail * bsize;
  const upper = maxUsed === 0 ? (minFree === 0 ? 0 : Number.POSITIVE_INFINITY) : maxUsed;
  const keep = excess > 0 ? Math.min(upper, Math.max(0, buildCacheUsage(engine).size - excess)) : upper;
  return Math.max(keep, reserved);
}

/** Removes entries of the cache and the layers that only they have kept. Builds that run meanwhile lose nothing but time. */
export async function pruneBuildCache(
  engine: Engine,
  options: PruneBuildCacheOptions,
): Promise<PruneBuildCacheReport> {
  const { db } = engine;
  allowReserve(db);
  await removeAbandonedBuilds(engine);
  const before = buildCacheUsage(engine).size;
  const removed = transaction(db, () => deleteEntries(engine, options));
  await engine.store.layers.removeUnused();
  const until = options.until ?? '9999';
  if (options.all) {
    const mayGo = ({ usedAt }: { usedAt: string }) => usedAt < until && isTooLarge(engine, options.keep);
    const mounts = await pruneCacheMounts(engine, mayGo);
    removed.push(...mounts.ids);
  }
  return { removed, reclaimed: Math.max(0, before - buildCacheUsage(engine).size) };
}

function isTooLarge(engine: Engine, keep: number | undefined): boolean {
  return keep === undefined || buildCacheUsage(engine).size > keep;
}

function deleteEntries(engine: Engine, { all, until = '9999', keep }: PruneBuildCacheOptions): string[] {
  const { db } = engine;
  const idle = all
    ? ''
    : `AND ((layer_id IS NOT NULL AND layer_id NOT IN (SELECT id FROM used))
        OR (kind = 'image' AND value NOT IN (SELECT id FROM images)))`;
  const keys = db
    .prepare(
      `${IN_USE}, ${CHAINS} SELECT key FROM build_cache
         LEFT JOIN (SELECT layer, MAX(used_at) AS used, MAX(height) AS height FROM chain GROUP BY layer) ON layer = layer_id
        WHERE build_cache.used_at < ? ${idle} ORDER BY COALESCE(used, build_cache.used_at), COALESCE(height, 0)`,
    )
    .pluck()
    .all(until) as string[];
  const remove = db.prepare('DELETE FROM build_cache WHERE key = ?');
  const removed: string[] = [];
  for (const key of keys) {
    if (!isTooLarge(engine, keep)) break;
    remove.run(key);
    removed.push(key);
  }
  if (all) db.prepare('DELETE FROM file_digests').run();
  return removed;
}

/** Bytes in directories of cache mounts. */
export function mountsSize({ db }: Engine): number {
  return Number(db.prepare('SELECT COALESCE(SUM(size), 0) FROM build_mounts').pluck().get());
}
