import { ConflictError } from '../base/errors.ts';
import { type Database, type Row, statement } from './db.ts';

/**
 * The row of the table with this full id, this name, with or without docker's slash before it, or an id that begins so. Throws
 * ConflictError when several ids do.
 */
export function findByNameOrId(db: Database, table: 'containers' | 'pods', text: string): Row | undefined {
  const nameOrId = text.replace(/^\//, '');
  const exact = statement(db, `SELECT * FROM ${table} WHERE name = ? OR id = ? LIMIT 1`).get(
    nameOrId,
    nameOrId,
  ) as Row | undefined;
  if (exact !== undefined) return exact;
  if (!/^[0-9a-f]{1,64}$/.test(nameOrId)) return undefined;
  // A range on the primary key: LIKE would scan.
  const rows = statement(db, `SELECT * FROM ${table} WHERE id >= ? AND id < ? LIMIT 2`).all(
    nameOrId,
    `${nameOrId}g`,
  ) as Row[];
  const what = table.slice(0, -1);
  if (rows.length > 1)
    throw new ConflictError(
      `more than one result for ${what} name or ID ${nameOrId}: ${what} name or ID is ambiguous`,
    );
  return rows[0];
}

/** Who has this name; containers and pods share their names. */
export function holderOfName(db: Database, name: string): string | undefined {
  const holder = db
    .prepare('SELECT id FROM containers WHERE name = ? UNION ALL SELECT id FROM pods WHERE name = ?')
    .get(name, name) as Row | undefined;
  return holder === undefined ? undefined : String(holder['id']);
}
