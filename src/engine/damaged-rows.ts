import { bootId, startTimeOf } from '../native/process-identity.ts';
import type { Database } from '../state/db.ts';
import { damagedColumns, damagedFacts, replaceFacts } from '../state/damaged-documents.ts';

export interface DamagedRow {
  /** For people: what it is of, and its name. */
  name: string;
  problem: string;
  /** Undefined: only with `force`, since something that a user has said is lost. */
  repair: (() => void) | undefined;
}

/** Texts of JSON in the state database that cannot be read any more, other than definitions of containers. */
export function damagedRows(db: Database, { force }: { force: boolean }): DamagedRow[] {
  const columns = damagedColumns(db).map(({ kind, name, column, isPrecious, mend }) => ({
    name: `${kind} ${name}`,
    problem: `its ${column} cannot be read`,
    repair: isPrecious && !force ? undefined : mend,
  }));
  const facts = damagedFacts(db).map((row) => ({
    name: `container ${String(row['name'])}`,
    problem: 'its facts cannot be read',
    repair: () => {
      // Whatever it may hold counts as held; its process, if it runs, is found by the pid.
      const pid = row['boot_id'] === bootId() ? Number(row['pid']) : 0;
      const pidStart = startTimeOf(pid);
      replaceFacts(db, String(row['id']), { held: true, ...(pidStart === undefined ? {} : { pidStart }) });
    },
  }));
  return [...columns, ...facts];
}
