import { crashPoint } from '../base/crash-point.ts';
import { IntegrityError, NotFoundError, StorageError } from '../base/errors.ts';
import { type Digest, newLayerId, sha256Of } from '../base/ids.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type Database, type Row, statement } from '../state/db.ts';
import type { StorageDriver } from './drivers/driver.ts';
import { lazyStream } from './lazy-stream.ts';
import type { LayerCheckpoints } from './layer-checkpoints.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import {
  abandonLayer,
  explainFull,
  insertIncomplete,
  makeLayerDirectory,
  publishLayer,
  syncFileSystem,
} from './new-layer.ts';
import { removeThroughTrash } from './removal.ts';
import type { ApplyOptions, LayerRecord, LayerStore } from './store.ts';

export interface LayerStoreContext {
  db: Database;
  layout: StoreLayout;
  driver: StorageDriver;
  system: Syscalls;
}

export const LAYER_COLUMNS =
  'id, chain_id, diff_id, parent_id, tar_size, disk_size, blob_digest, blob_size, media_type, created_at, store';

export function layerStore(context: LayerStoreContext): LayerStore {
  const { db, layout, system } = context;
  const underway = new Map<Digest, Promise<LayerRecord>>();
  const find = (chainId: Digest): LayerRecord | undefined =>
    toLayerRecord(
      db.prepare(`SELECT ${LAYER_COLUMNS} FROM layers WHERE chain_id = ? AND incomplete = 0`).get(chainId),
    );
  const diffIdOf = (id: string): string => {
    const diffId = db.prepare('SELECT diff_id FROM layers WHERE id = ? AND incomplete = 0').pluck().get(id);
    if (typeof diffId !== 'string') throw new NotFoundError('layer', id);
    return diffId;
  };
  return {
    find,
    get: (id) =>
      toLayerRecord(
        db.prepare(`SELECT ${LAYER_COLUMNS} FROM layers WHERE id = ? AND incomplete = 0`).get(id),
      ),
    chain: (topId) => layerChain(db, topId),
    async apply(options) {
      const { parent } = options;
      // Whoever made the promise handles its failure; here it only ends this layer.
      if (parent instanceof Promise) parent.catch(() => {});
      const chainId = options.chainId ?? chainIdOf(await parent, options.diffId);
      // One of this process may be at it already: its work is waited for, and only done again if it fails.
      for (;;) {
        const present = find(chainId);
        if (present !== undefined) {
          options.source.destroy();
          return present;
        }
        const other = underway.get(chainId);
        if (other === undefined) break;
        await other.catch(() => {});
        options.signal?.throwIfAborted();
      }
      const work = applyNewLayer(context, options, chainId);
      underway.set(chainId, work);
      try {
        return await work;
      } finally {
        underway.delete(chainId);
      }
    },
    export(id) {
      const diffId = diffIdOf(id);
      return lazyStream(async () =>
        (await import('./export-layer.ts')).exportLayer({ layout, system }, id, diffId),
      );
    },
    async *exportBlocks(id, take) {
      const diffId = diffIdOf(id);
      const { layerBlocks } = await import('./export-layer.ts');
      yield* layerBlocks({ layout, system }, { id, diffId, take });
    },
    commit: async (options) => await (await import('./commit-layer.ts')).commitLayer(context, options),
    removeUnused: async (options) =>
      (await import('./unused-layers.ts')).removeUnusedLayers({ db, layout, system }, options),
  };
}

/** The id of a stack of layers, from the bottom up, as the OCI image specification defines it. */
export function chainIdOf(parent: { chainId: Digest } | undefined, diffId: Digest): Digest {
  return parent === undefined ? diffId : sha256Of(`${parent.chainId} ${diffId}`);
}

/** From the given layer down to the base. Throws StorageError when a layer of the chain is missing or unfinished. */
export function layerChain(db: Database, topId: string): LayerRecord[] {
  const rows = statement(
    db,
    `WITH RECURSIVE chain(id, depth) AS (
         SELECT ?, 0 UNION ALL
         SELECT layers.parent_id, depth + 1 FROM chain JOIN layers ON layers.id = chain.id
          WHERE layers.parent_id IS NOT NULL AND depth < 10000)
       SELECT ${LAYER_COLUMNS} FROM layers JOIN chain USING (id) WHERE incomplete = 0 ORDER BY depth`,
  )
    .all(topId)
    .flatMap((row) => toLayerRecord(row) ?? []);
  const last = rows.at(-1);
  if (last === undefined || last.parentId !== undefined)
    throw new StorageError(`layer ${last?.parentId ?? topId} is missing from the store`, {
      hint: 'run `tspod system check --repair`, then pull the image again',
    });
  return rows;
}

/**
 * The row says "incomplete" and names this process from before the directory exists until everything is on disk, so that whoever finds
 * it after a crash knows what to do. While incomplete it has a chain id of its own: several processes may be at the same layer,
 * none waits, and the first to finish wins.
 */
async function applyNewLayer(
  context: LayerStoreContext,
  options: ApplyOptions,
  chainId: Digest,
): Promise<LayerRecord> {
  const { db, layout, system } = context;
  const id = newLayerId();
  const { dir } = layerPaths(layout, id);
  insertIncomplete(db, { id, diffId: options.diffId, chainId });
  crashPoint('layer-after-row');
  let checkpoints: LayerCheckpoints | undefined;
  try {
    if (options.partial !== undefined) {
      const { layerCheckpoints } = await import('./layer-checkpoints.ts');
      checkpoints = await layerCheckpoints(context, options, id);
    }
    const parent = await fillLayer(context, options, { id, chainId, checkpoints });
    await checkpoints?.finish();
    const winner = publishLayer(context, id, { chainId, parentId: parent?.id });
    if (winner.isOurs) {
      const made = toLayerRecord(
        db.prepare(`SELECT ${LAYER_COLUMNS} FROM layers WHERE id = ?`).get(winner.id),
      );
      if (made === undefined) throw new StorageError(`layer ${id} vanished while it was being completed`);
      return made;
    }
  } catch (error) {
    const reason: unknown = options.signal?.aborted === true ? options.signal.reason : error;
    if (checkpoints === undefined) await abandonLayer(context, id);
    else await checkpoints.giveUp(reason);
    throw explainFull(error, layout, `layer ${options.diffId.slice(0, 19)}`);
  }
  await removeThroughTrash(system, layout, dir);
  const theirs = toLayerRecord(
    db.prepare(`SELECT ${LAYER_COLUMNS} FROM layers WHERE chain_id = ? AND incomplete = 0`).get(chainId),
  );
  // Removed again in between: as if it had never been there.
  return theirs ?? applyAgain(options.diffId);
}

function applyAgain(diffId: Digest): never {
  throw new StorageError(`layer ${diffId} was removed by another process while it was being unpacked`, {
    hint: 'try again',
  });
}

/** Resolves with the parent when everything is on disk. */
async function fillLayer(
  context: LayerStoreContext,
  options: ApplyOptions,
  layer: { id: string; chainId: Digest; checkpoints: LayerCheckpoints | undefined },
): Promise<LayerRecord | undefined> {
  const { db, layout, driver, system } = context;
  const paths = layerPaths(layout, layer.id);
  const label = `layer ${options.diffId.slice(0, 19)}`;
  const early = driver.needsParent ? await options.parent : undefined;
  makeLayerDirectory(layout, paths.dir);
  await driver.prepareLayer(paths.diff, early && layerPaths(layout, early.id).diff);
  const { applyLayer } = await import('./apply-layer.ts');
  const { adoptImpliedDirectories } = await import('./unpack/implied-directories.ts');
  const job = {
    label,
    diff: paths.diff,
    tarSplit: paths.tarSplit,
    replaced: paths.replaced,
    whiteouts: driver.whiteouts,
    inUserNamespace: driver.inUserNamespace,
    ignoresOwners: driver.ignoresOwners === true,
  };
  const result = await applyLayer(endingWithParent(options), job, layer.checkpoints);
  if (result.diffId !== options.diffId)
    throw new IntegrityError(
      `${label}: the content's digest is ${result.diffId} instead of ${options.diffId}`,
    );
  const parent = await options.parent;
  if (chainIdOf(parent, options.diffId) !== layer.chainId)
    throw new IntegrityError(`${label}: the layer below is not the one that was announced`);
  const lower = parent === undefined || driver.needsParent ? [] : layerChain(db, parent.id);
  const lowerDiffs = lower.map(({ id }) => layerPaths(layout, id).diff);
  adoptImpliedDirectories(system, paths.diff, result.implied, lowerDiffs);
  crashPoint('layer-before-sync');
  await syncFileSystem(system, paths.dir);
  crashPoint('layer-before-complete');
  db.prepare(
    'UPDATE layers SET tar_size = ?, disk_size = ?, blob_digest = ?, blob_size = ?, media_type = ? WHERE id = ?',
  ).run(
    result.tarSize,
    result.diskSize,
    options.blobDigest ?? null,
    options.blobSize ?? null,
    options.mediaType ?? null,
    layer.id,
  );
  return parent;
}

/** A parent that fails ends its child at once, with the same error. */
function endingWithParent(options: ApplyOptions): ApplyOptions {
  const { parent, signal } = options;
  if (!(parent instanceof Promise)) return options;
  const stop = new AbortController();
  parent.catch((error: unknown) => stop.abort(error));
  return { ...options, signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]) };
}

export function toLayerRecord(value: unknown): LayerRecord | undefined {
  if (value === undefined) return undefined;
  const row = value as Row;
  const text = (column: string): string | undefined =>
    typeof row[column] === 'string' ? row[column] : undefined;
  return {
    id: String(row['id']),
    chainId: String(row['chain_id']) as Digest,
    diffId: String(row['diff_id']) as Digest,
    parentId: text('parent_id'),
    tarSize: Number(row['tar_size']),
    diskSize: Number(row['disk_size']),
    blobDigest: text('blob_digest') as Digest | undefined,
    blobSize: row['blob_size'] === null ? undefined : Number(row['blob_size']),
    mediaType: text('media_type'),
    createdAt: String(row['created_at']),
    store: text('store'),
  };
}
