import { renameSync } from 'node:fs';
import type { Digest } from '../base/ids.ts';
import { type Database, transaction } from '../state/db.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { moveToTrash } from './removal.ts';

/** Behind the chain id of a layer whose files are no longer what they were. It is incomplete, but keeps its place in the chains. */
const MARK = '!damaged';

/** Layers above, images and containers keep referring to it; they cannot be used until it has been fetched again. */
export function markDamaged(db: Database, id: string): void {
  transaction(db, () =>
    db
      .prepare(
        'UPDATE layers SET incomplete = 1, owner = NULL, chain_id = chain_id || ? WHERE id = ? AND incomplete = 0',
      )
      .run(MARK, id),
  );
}

/** Takes the mark back: nothing better was to be had. */
export function unmarkDamaged(db: Database, id: string): void {
  transaction(db, () =>
    db
      .prepare(
        `UPDATE layers SET incomplete = 0, chain_id = replace(chain_id, '${MARK}', '') WHERE id = ? AND ${IS_DAMAGED}`,
      )
      .run(id),
  );
}

export function isMarkedDamaged(db: Database, id: string): boolean {
  return db.prepare(`SELECT 1 FROM layers WHERE id = ? AND ${IS_DAMAGED}`).get(id) !== undefined;
}

/** A condition on `chain_id`: neither finished nor being filled, but to be kept. */
export const IS_DAMAGED = `chain_id LIKE '%${MARK}'`;

/**
 * Puts the directory of the just unpacked layer `newId` into the place of a damaged one with the same chain id, whose own
 * id everything refers to. Returns that id, or undefined when there is no such layer. The row of `newId` is the caller's.
 */
export function replaceDamaged(
  db: Database,
  layout: StoreLayout,
  newId: string,
  chainId: Digest,
): string | undefined {
  const damaged = db.prepare('SELECT id FROM layers WHERE chain_id = ?').pluck().get(`${chainId}${MARK}`);
  if (typeof damaged !== 'string') return undefined;
  const target = layerPaths(layout, damaged).dir;
  // Left for `emptyTrash`: this may be the transaction that publishes the layer.
  moveToTrash(layout, target);
  renameSync(layerPaths(layout, newId).dir, target);
  db.prepare(
    `UPDATE layers SET store = NULL, (tar_size, disk_size, blob_digest, blob_size, media_type, created_at, owner) =
       (SELECT tar_size, disk_size, blob_digest, blob_size, media_type, created_at, owner FROM layers WHERE id = ?)
      WHERE id = ?`,
  ).run(newId, damaged);
  db.prepare('DELETE FROM layers WHERE id = ?').run(newId);
  return damaged;
}
