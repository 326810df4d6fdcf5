import { createHash } from 'node:crypto';
import { type Database, type Row, statement, transaction } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import type { LayerRecord, Store } from '../storage/store.ts';

/** Rows of what was built before, by a digest of everything that it depends on. They hold their layers. */
interface Context {
  db: Database;
  store: Pick<Store, 'layers'>;
}

export interface CachedStep {
  /** Undefined: the step changed no file. */
  layer: LayerRecord | undefined;
  createdAt: string;
}

/** The parts must be plain data in a fixed order. */
export function cacheKey(...parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, ...parts]))
    .digest('hex');
}

/** Raised when steps come to mean something else. */
const FORMAT = 1;

export function findStep(context: Context, key: string, maxAge: number | undefined): CachedStep | undefined {
  const row = find(context, key);
  if (row === undefined) return undefined;
  const createdAt = String(row['created_at']);
  if (maxAge !== undefined && Date.now() - Date.parse(createdAt) > maxAge) return undefined;
  if (row['layer_id'] === null) return { layer: undefined, createdAt };
  // One that was found damaged is not complete.
  const layer = context.store.layers.get(String(row['layer_id']));
  return layer === undefined ? undefined : { layer, createdAt };
}

export function keepStep(
  context: Context,
  key: string,
  step: { layerId: string | undefined; description: string; createdAt?: string },
): CachedStep {
  const createdAt = step.createdAt ?? timestamp();
  const { description } = step;
  keep(context.db, { key, kind: 'layer', layerId: step.layerId ?? null, value: '', description, createdAt });
  const layer = step.layerId === undefined ? undefined : context.store.layers.get(step.layerId);
  return { layer, createdAt };
}

/** Digests of contents, ids of images. */
export function findValue(context: Context, key: string): string | undefined {
  const row = find(context, key);
  return row === undefined ? undefined : String(row['value']);
}

export function keepValue(
  context: Context,
  key: string,
  entry: { kind: 'content' | 'image'; value: string; description: string },
): void {
  keep(context.db, { key, layerId: null, createdAt: timestamp(), ...entry });
}

/** Notes that these were of use. */
export function touchEntries(db: Database, keys: readonly string[]): void {
  if (keys.length === 0) return;
  const now = timestamp();
  const update = statement(db, 'UPDATE build_cache SET used_at = ?, uses = uses + 1 WHERE key = ?');
  transaction(
    db,
    () => {
      for (const key of keys) update.run(now, key);
    },
    false,
  );
}

function find({ db }: Context, key: string): Row | undefined {
  return statement(db, 'SELECT layer_id, value, created_at FROM build_cache WHERE key = ?').get(key) as
    | Row
    | undefined;
}

interface Entry {
  key: string;
  kind: string;
  layerId: string | null;
  value: string;
  description: string;
  createdAt: string;
}

function keep(db: Database, entry: Entry): void {
  const insert = statement(
    db,
    `INSERT OR REPLACE INTO build_cache (key, kind, layer_id, value, description, created_at, used_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const { key, kind, layerId, value, description, createdAt } = entry;
  // It can be made again: no reason to wait for the disk.
  transaction(db, () => insert.run(key, kind, layerId, value, description, createdAt, createdAt), false);
}
