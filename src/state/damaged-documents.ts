import { type Database, type Row, transaction } from './db.ts';
import { isAsWritten, sumOf } from './document-sum.ts';

/** The containers whose definition is not what was written. */
export function damagedDocuments(db: Database): { id: string; name: string; isReadable: boolean }[] {
  const rows = db
    .prepare('SELECT id, name, spec, spec_sum, json_valid(spec) AS valid FROM containers')
    .all() as Row[];
  return rows
    .filter((row) => row['valid'] === 0 || !isAsWritten(String(row['spec']), row['spec_sum']))
    .map((row) => ({ id: String(row['id']), name: String(row['name']), isReadable: row['valid'] !== 0 }));
}

/** From now on it counts as written so. */
export function acceptDocument(db: Database, id: string): void {
  transaction(db, () => {
    const spec = db.prepare('SELECT spec FROM containers WHERE id = ?').pluck().get(id);
    db.prepare('UPDATE containers SET spec_sum = ? WHERE id = ?').run(sumOf(String(spec)), id);
  });
}

/** Its files become leftovers, which a check removes. */
export function dropDocument(db: Database, id: string): void {
  transaction(db, () => db.prepare('DELETE FROM containers WHERE id = ?').run(id));
}
