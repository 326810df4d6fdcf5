import { StorageError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { Column, Row } from './db.ts';

/**
 * SQLite does not notice a bit that flips within a text. So the definition of a container has a sum beside it; of rows from before there was
 * one, and of those that a repair could not tell, it is NULL.
 */
export class DamagedDocumentError extends StorageError {}

/** Of 32 bits, over 32 bits at a time; every step is reversible, so that whatever happens to four bytes in a row makes another sum. */
export function sumOf(text: string): number {
  const words = new Int32Array(Math.ceil((text.length * MOST_BYTES_A_CHARACTER) / 4) + 1);
  const length = Buffer.from(words.buffer).write(text);
  let sum = length;
  for (let at = 0; at < length / 4; at++) {
    const turned = (sum << 5) | (sum >>> 27);
    // Times 0x1000193; Math.imul would be a call for every word.
    sum = ((turned << 24) + turned * 0x193) ^ (words[at] ?? 0);
  }
  return sum >>> 0;
}

const MOST_BYTES_A_CHARACTER = 3;

/** `known`: the column beside it. */
export function isAsWritten(text: string, known: Column | undefined): boolean {
  return typeof known !== 'number' || known === sumOf(text);
}

/** For who names the container of the row. Throws DamagedDocumentError. */
export function refuseChanged(row: Row): void {
  if (isAsWritten(String(row['spec']), row['spec_sum'])) return;
  throw new DamagedDocumentError(
    `container ${String(row['name'])}: its definition in the state database is not as it was written`,
    {
      hint: '`tspod system check --repair` takes it as it is now; `tspod rm` removes it',
    },
  );
}

/** The document of a container's row. Throws DamagedDocumentError. */
export function parseSpec<Spec>(row: Row): Spec {
  return parseColumn(row, 'spec', `container ${String(row['name'])}`);
}

/** A text of JSON in a row; `what` names the object in messages. Throws DamagedDocumentError, with the way out that damaged-documents.ts has. */
export function parseColumn<Value>(row: Row, column: string, what: string): Value {
  try {
    return JSON.parse(String(row[column])) as Value;
  } catch (error) {
    const isSpec = column === 'spec';
    throw new DamagedDocumentError(
      `${what}: its ${isSpec ? 'definition' : `column ${column}`} in the state database cannot be read`,
      {
        cause: error,
        hint: isSpec
          ? '`tspod system check --repair --force` removes it'
          : 'run `tspod system check --repair --force`',
      },
    );
  }
}

/** For lists: what cannot be read harms those only that name it. */
export function readableRows<Record>(rows: readonly Row[], read: (row: Row) => Record): Record[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      log('warn', error.message);
      return [];
    }
  });
}
