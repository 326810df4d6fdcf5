import { isAlive, parseIdentity } from '../native/process-identity.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { allowReserve, type Database, transaction } from '../state/db.ts';
import { emptyTrashInBackground } from './background-removal.ts';
import { IS_DAMAGED } from './damaged-layer.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { layersOfPartialBlobs } from './partial-blobs.ts';
import { emptyTrash, listNames, moveToTrash, removeThroughTrash } from './removal.ts';

/** Bytes on disk; deleting less takes no longer than starting somebody who does it. */
const LARGE = 32 << 20;

interface Context {
  db: Database;
  layout: StoreLayout;
  system: Syscalls;
}

interface Candidate {
  id: string;
  disk_size: number;
  owner: string | null;
  incomplete: number;
}

/**
 * Deletes the layers that nothing refers to, what crashed processes left half unpacked, directories without a row, and the trash.
 * A layer whose maker lives and has not yet put it into an image is left alone, and so is one that the next attempt at a broken-off
 * download goes on with (`removePartialBlobs` ends that). The trash of large ones may be emptied later. Returns the bytes freed.
 */
export async function removeUnusedLayers(
  context: Context,
  options: { inBackground?: boolean } = {},
): Promise<number> {
  const { db, layout, system } = context;
  let freed = 0;
  let isLater = false;
  allowReserve(db);
  for (;;) {
    const resumable = layersOfPartialBlobs(layout.tmp);
    const removed = transaction(db, () => deleteUnusedRows(db, resumable));
    if (removed.length === 0) break;
    for (const layer of removed) {
      freed += layer.disk_size;
      const { dir } = layerPaths(layout, layer.id);
      if (options.inBackground !== true || layer.disk_size < LARGE) {
        await removeThroughTrash(system, layout, dir);
      } else {
        moveToTrash(layout, dir);
        isLater = true;
      }
    }
  }
  for (const id of orphanedLayerDirectories(context))
    await removeThroughTrash(system, layout, layerPaths(layout, id).dir);
  if (isLater) await emptyTrashInBackground(system, layout);
  else await emptyTrash(system, layout);
  return freed;
}

/** Directories that no row names: left by a crash between the row's end and the directory's. */
export function orphanedLayerDirectories({ db, layout }: Pick<Context, 'db' | 'layout'>): string[] {
  // First the directories, then the rows: a row always comes before its directory.
  const names = listNames(layout.layers);
  const known = new Set(db.prepare('SELECT id FROM layers').pluck().all());
  return names.filter((name) => !known.has(name));
}

/** Unfinished layers whose maker is dead. */
export function abandonedLayers(db: Database): string[] {
  const rows = db
    .prepare(`SELECT id, owner FROM layers WHERE incomplete = 1 AND NOT (${IS_DAMAGED})`)
    .all() as {
    id: string;
    owner: string | null;
  }[];
  return rows.filter((row) => !isOwned(row.owner)).map((row) => row.id);
}

/** One generation: the layers on top of which nothing stands. */
function deleteUnusedRows(db: Database, resumable: ReadonlySet<string>): Candidate[] {
  const candidates = db
    .prepare(
      `SELECT id, disk_size, owner, incomplete FROM layers
        WHERE NOT EXISTS (SELECT 1 FROM layers AS child WHERE child.parent_id = layers.id)
          AND NOT EXISTS (SELECT 1 FROM images WHERE images.top_layer = layers.id)
          AND NOT EXISTS (SELECT 1 FROM build_cache WHERE build_cache.layer_id = layers.id)
          AND NOT EXISTS (SELECT 1 FROM containers WHERE containers.layer_id = layers.id)`,
    )
    .all() as Candidate[];
  const removed = candidates.filter(
    (layer) => !isOwned(layer.owner) && !(layer.incomplete === 1 && resumable.has(layer.id)),
  );
  const statement = db.prepare('DELETE FROM layers WHERE id = ?');
  for (const layer of removed) statement.run(layer.id);
  return removed;
}

function isOwned(owner: string | null): boolean {
  return owner !== null && isAlive(parseIdentity(owner));
}
