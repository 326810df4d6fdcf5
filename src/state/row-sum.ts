import type { Database, Row } from './db.ts';
import { DamagedDocumentError, isAsWritten, sumOf } from './document-sum.ts';

/**
 * What of a row never changes, and has a sum beside it (`row_sum`): a flipped bit in it would lead to other files, to another program
 * of a secret's driver, or to other rights. Of rows from before there was one, and of those that a repair has changed, it is NULL.
 */
const SUMMED = {
  volumes: {
    kind: 'volume',
    columns: ['name', 'driver', 'mountpoint', 'labels', 'options', 'anonymous', 'created_at'],
    json: ['labels', 'options'],
  },
  pods: { kind: 'pod', columns: ['id', 'name', 'spec', 'created_at'], json: ['spec'] },
  secrets: {
    kind: 'secret',
    columns: ['id', 'name', 'labels', 'created_at', 'updated_at', 'sealed', 'driver', 'driver_options'],
    json: ['labels', 'driver_options'],
  },
} as const;

export type SummedTable = keyof typeof SUMMED;

export function isSummed(table: string): table is SummedTable {
  return table in SUMMED;
}

/** To be called in the transaction that inserts the row of that name, or changes what its sum is of. */
export function sumRow(db: Database, table: SummedTable, name: string): void {
  const row = db.prepare(`SELECT * FROM ${table} WHERE name = ?`).get(name) as Row | undefined;
  if (row === undefined) return;
  db.prepare(`UPDATE ${table} SET row_sum = ? WHERE name = ?`).run(sumOf(textOf(table, row)), name);
}

/** `row` has all columns. */
export function isRowAsWritten(table: SummedTable, row: Row): boolean {
  return isAsWritten(textOf(table, row), row['row_sum']);
}

/** For who names the object. Throws DamagedDocumentError. */
export function refuseChangedRow(table: SummedTable, row: Row): void {
  if (isRowAsWritten(table, row)) return;
  const { kind } = SUMMED[table];
  throw new DamagedDocumentError(
    `${kind} ${String(row['name'])}: its row in the state database is not as it was written`,
    {
      hint: `\`tspod system check --repair\` takes it as it is now; \`tspod ${kind} rm\` removes it`,
    },
  );
}

export interface ChangedRow {
  kind: (typeof SUMMED)[SummedTable]['kind'];
  name: string;
  /** From now on it counts as written so. */
  accept(): void;
}

/** Those that can be read, but are not what was written. */
export function changedRows(db: Database): ChangedRow[] {
  return (Object.keys(SUMMED) as SummedTable[]).flatMap((table) => {
    const { kind, json } = SUMMED[table];
    const valid = json.map((column) => `json_valid(${column})`).join(' AND ');
    const rows = db.prepare(`SELECT * FROM ${table} WHERE row_sum IS NOT NULL AND ${valid}`).all() as Row[];
    return rows
      .filter((row) => !isRowAsWritten(table, row))
      .map((row) => {
        const name = String(row['name']);
        return { kind, name, accept: () => sumRow(db, table, name) };
      });
  });
}

function textOf(table: SummedTable, row: Row): string {
  return JSON.stringify(SUMMED[table].columns.map((column) => row[column] ?? null));
}
