import { type Database, type Row, transaction } from './db.ts';
import { isAsWritten, sumOf } from './document-sum.ts';
import { isSummed } from './row-sum.ts';

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

type JsonColumn = readonly [
  kind: string,
  table: string,
  /** Names a row to a user, and is unique. */
  name: string,
  column: string,
  /** What one that cannot be read becomes; undefined: its row goes. */
  becomes: string | null | undefined,
  /** Something that a user has said is lost with it. */
  isPrecious?: true,
];

/** All but the definitions of containers, what is known of their runs, and what an image's digests cover. */
const COLUMNS: readonly JsonColumn[] = [
  ['container', 'containers', 'name', 'checkpoint', null],
  ['volume', 'volumes', 'name', 'labels', '{}'],
  ['volume', 'volumes', 'name', 'options', '{}', true],
  ['secret', 'secrets', 'name', 'labels', '{}'],
  ['secret', 'secrets', 'name', 'driver_options', '{}', true],
  ['pod', 'pods', 'name', 'spec', undefined, true],
  ['manifest list', 'manifest_lists', 'id', 'document', undefined, true],
  ['exec session', 'exec_sessions', 'id', 'config', undefined],
  ['event', 'events', 'seq', 'attributes', '{}'],
  ['note', 'elsewhere', 'key', 'place', undefined],
];

/** A column of JSON that cannot be read any more. */
export interface DamagedColumn {
  kind: string;
  name: string;
  column: string;
  /** Something that a user has said is lost with it. */
  isPrecious: boolean;
  /** Takes what cannot be read away. */
  mend(): void;
}

export function damagedColumns(db: Database): DamagedColumn[] {
  return COLUMNS.flatMap(([kind, table, key, column, becomes, isPrecious = false]) => {
    const rows = db
      .prepare(
        `SELECT ${key} AS name FROM ${table} WHERE ${column} IS NOT NULL AND NOT json_valid(${column})`,
      )
      .all() as Row[];
    const sum = isSummed(table) ? ', row_sum = NULL' : '';
    const change =
      becomes === undefined ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${column} = @becomes${sum}`;
    return rows.map(({ name = '' }) => ({
      kind,
      name: String(name),
      column,
      isPrecious,
      mend: () =>
        transaction(db, () => {
          if (table === 'pods')
            db.prepare(
              'UPDATE containers SET pod_id = NULL WHERE pod_id IN (SELECT id FROM pods WHERE name = ?)',
            ).run(name);
          db.prepare(`${change} WHERE ${key} = @name`).run(
            becomes === undefined ? { name } : { name, becomes },
          );
        }),
    }));
  });
}

/** The containers of which nobody can tell any more what they hold since they were last started. */
export function damagedFacts(db: Database): Row[] {
  return db
    .prepare('SELECT id, name, pid, boot_id FROM containers WHERE NOT json_valid(facts)')
    .all() as Row[];
}

export function replaceFacts(db: Database, id: string, facts: object): void {
  transaction(db, () =>
    db.prepare('UPDATE containers SET facts = ? WHERE id = ?').run(JSON.stringify(facts), id),
  );
}
