import { closeSync, mkdirSync, openSync } from 'node:fs';
import { errnoOf, messageOf, StorageError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type Database, transaction } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import { replaceDamaged } from './damaged-layer.ts';
import type { LayerStoreContext } from './layers.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { removeThroughTrash } from './removal.ts';

/** The row that has to be there before the directory. Until the end its chain id is its own: nobody takes it for the finished layer. */
export function insertIncomplete(
  db: Database,
  layer: { id: string; diffId: Digest | ''; chainId: Digest | '' },
): void {
  transaction(
    db,
    () =>
      db
        .prepare(
          `INSERT INTO layers (id, chain_id, diff_id, incomplete, owner, created_at) VALUES (?, ?, ?, 1, ?, ?)`,
        )
        .run(
          layer.id,
          `${layer.chainId}#${layer.id}`,
          layer.diffId,
          formatIdentity(ownIdentity()),
          timestamp(),
        ),
    false,
  );
}

/**
 * Makes a layer's directory. Nobody else comes to it, also where the graph root is open to all: an image's set-id programs are none of
 * the host's. Its owner can open it as an additional store.
 */
export function makeLayerDirectory({ layers, trash }: StoreLayout, directory: string): void {
  mkdirSync(layers, { recursive: true, mode: 0o700 });
  // On a disk that the layer fills to the last inode, nothing could be moved to one made later.
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  mkdirSync(directory, { recursive: true, mode: 0o755 });
}

/** Publishes the layer, or gives way to one that was first. Its owner stays noted until an image holds it. */
export function publishLayer(
  { db, layout }: LayerStoreContext,
  newId: string,
  chain: { chainId: Digest; parentId: string | undefined },
): { id: string; isOurs: boolean } {
  return transaction(db, () => {
    const first = db.prepare('SELECT id FROM layers WHERE chain_id = ?').pluck().get(chain.chainId);
    if (typeof first === 'string') {
      db.prepare('DELETE FROM layers WHERE id = ?').run(newId);
      return { id: first, isOurs: false };
    }
    const id = replaceDamaged(db, layout, newId, chain.chainId) ?? newId;
    db.prepare('UPDATE layers SET incomplete = 0, chain_id = ?, parent_id = ? WHERE id = ?').run(
      chain.chainId,
      chain.parentId ?? null,
      id,
    );
    return { id, isOurs: true };
  });
}

export async function syncFileSystem(system: Syscalls, path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await system.syncfsAsync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Takes back a layer that failed. Files first: on a full disk the row can only be deleted then. What cannot be undone now
 * is left to `removeUnused`; the failure that led here is the one to report.
 */
export async function abandonLayer({ db, layout, system }: LayerStoreContext, id: string): Promise<void> {
  try {
    await removeThroughTrash(system, layout, layerPaths(layout, id).dir);
    transaction(db, () => db.prepare('DELETE FROM layers WHERE id = ? AND incomplete = 1').run(id), false);
  } catch (error) {
    log('warn', `cannot clean up unfinished layer ${id}: ${messageOf(error)}`);
  }
}

/** A full disk is told in words that help; other errors are returned as they are. */
export function explainFull(error: unknown, layout: StoreLayout, what: string): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new StorageError(`cannot store ${what} in ${layout.graphRoot}: no space left on device`, {
    cause: error,
    hint: 'remove images or containers that are not needed, or choose another place with --root',
  });
}
