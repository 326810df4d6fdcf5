import { formatIdentity, isAlive, ownIdentity, parseIdentity } from '../native/process-identity.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { parseColumn, readableRows } from '../state/document-sum.ts';

/**
 * What this process puts outside of the graph root before a row names it, or takes away from there after none does: nobody who looks
 * through the graph root would find it, should the process be killed between.
 */
export interface Elsewhere {
  kind: 'secret' | 'volume' | 'file';
  /** The id of a secret, the directory of a volume, the path of a file that is to get its name when it is finished. */
  key: string;
  /** What it takes to get there. */
  place: unknown;
}

/** To be written down before the thing is touched, or with the row that goes. False when it was noted already. */
export function noteElsewhere(db: Database, { kind, key, place }: Elsewhere): boolean {
  const insert = db.prepare('INSERT OR IGNORE INTO elsewhere (key, kind, place, owner) VALUES (?, ?, ?, ?)');
  const owner = formatIdentity(ownIdentity());
  return transaction(db, () => insert.run(key, kind, JSON.stringify(place), owner).changes > 0);
}

/** It has its row now, or is gone. */
export function forgetElsewhere(db: Database, key: string): void {
  const remove = db.prepare('DELETE FROM elsewhere WHERE key = ?');
  transaction(db, () => remove.run(key), false);
}

/** Those whose process is gone. */
export function abandonedElsewhere(db: Database, kind: Elsewhere['kind']): Elsewhere[] {
  const rows = db.prepare('SELECT key, place, owner FROM elsewhere WHERE kind = ?').all(kind) as Row[];
  const abandoned = rows.filter((row) => !isAlive(parseIdentity(String(row['owner']))));
  return readableRows(abandoned, (row) => {
    const key = String(row['key']);
    return { kind, key, place: parseColumn<unknown>(row, 'place', `${kind} ${key}`) };
  });
}
