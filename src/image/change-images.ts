import { type Database, transaction } from '../state/db.ts';
import { type EventRecord, recordEvent } from '../state/events.ts';

/** podman's words for what happens to images. */
export type ImageAction =
  | 'pull'
  | 'push'
  | 'loadfromarchive'
  | 'save'
  | 'import'
  | 'tag'
  | 'untag'
  | 'remove'
  | 'build'
  | 'commit';

/**
 * Runs a change and records its events in the same transaction, so that neither is there without the other. Without a
 * database (a store that has none) the change alone is made.
 */
export function changeImages<T>(
  db: Database | undefined,
  change: () => T,
  eventsOf: (result: T) => readonly EventRecord[],
): T {
  if (db === undefined) return change();
  return transaction(db, () => {
    const result = change();
    for (const event of eventsOf(result)) recordEvent(db, event);
    return result;
  });
}

export function imageEvent(action: ImageAction, id: string, name: string): EventRecord {
  return { kind: 'image', action, objectId: id, name };
}
