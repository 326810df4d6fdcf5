import { formatIdentity, isAlive, ownIdentity, parseIdentity } from '../native/process-identity.ts';
import type { Engine } from './engine.ts';

const KEY = 'auto-update:';

/** An image that a unit's containers had, by the name that means another now. */
export interface OldImage {
  id: string;
  name: string;
}

export interface UnfinishedUpdate {
  unit: string;
  images: OldImage[];
}

/** Before a unit is restarted with new images: should this process be killed, the next run knows what to go back to. */
export function noteUpdate({ db }: Engine, { unit, images }: UnfinishedUpdate): void {
  const value = JSON.stringify({ owner: formatIdentity(ownIdentity()), images });
  db.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)').run(`${KEY}${unit}`, value);
}

export function forgetUpdate({ db }: Engine, unit: string): void {
  db.prepare('DELETE FROM settings WHERE key = ?').run(`${KEY}${unit}`);
}

/** Those of processes that are gone. */
export function unfinishedUpdates({ db }: Engine): UnfinishedUpdate[] {
  const rows = db
    .prepare("SELECT key, value FROM settings WHERE key GLOB 'auto-update:*' ORDER BY key")
    .all() as { key: string; value: string }[];
  return rows.flatMap(({ key, value }) => {
    const { owner, images } = JSON.parse(value) as { owner: string; images: OldImage[] };
    return isAlive(parseIdentity(owner)) ? [] : [{ unit: key.slice(KEY.length), images }];
  });
}
