import { AlreadyExistsError, InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { recordEvent, timestamp } from '../state/events.ts';
import type { Libpod } from './context.ts';
import { openSecret, sealSecret } from './secret-cipher.ts';

/** Without what is secret about it. */
export interface SecretRecord {
  /** 25 hexadecimal digits. */
  id: string;
  name: string;
  labels: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

const COLUMNS = 'id, name, labels, created_at, updated_at';
const LARGEST = 512_000;

export interface NewSecret {
  id: string;
  name: string;
  labels: Record<string, string>;
  data: Buffer;
  /** One of that name is replaced, with a new id. */
  replace: boolean;
}

/** The data lies in the state database, encrypted. */
export function createSecret({ db, paths }: Pick<Libpod, 'db' | 'paths'>, secret: NewSecret): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/.test(secret.name))
    throw new InvalidSpecError(
      `invalid secret name ${JSON.stringify(secret.name)}: letters, digits, dots, hyphens and underscores, 253 at most`,
    );
  if (secret.data.length === 0 || secret.data.length >= LARGEST)
    throw new InvalidSpecError(`secret ${secret.name} must have more than 0 and less than ${LARGEST} bytes`);
  const sealed = sealSecret(paths.graphRoot, secret.id, secret.data);
  transaction(db, () => {
    const old = findSecret(db, secret.name);
    if (old !== undefined && old.name === secret.name) {
      if (!secret.replace)
        throw new AlreadyExistsError(`${secret.name}: secret name in use: a secret of that name exists`);
      db.prepare('DELETE FROM secrets WHERE id = ?').run(old.id);
    }
    const now = timestamp();
    db.prepare(`INSERT INTO secrets (${COLUMNS}, data, sealed) VALUES (?, ?, ?, ?, ?, ?, 1)`).run(
      secret.id,
      secret.name,
      JSON.stringify(secret.labels),
      now,
      now,
      sealed,
    );
    recordEvent(db, { kind: 'secret', action: 'create', objectId: secret.id, name: secret.name });
  });
}

/** By name, id or the unique beginning of an id. */
export function findSecret(db: Database, nameOrId: string): SecretRecord | undefined {
  const exact = db.prepare(`SELECT ${COLUMNS} FROM secrets WHERE name = ? OR id = ?`).get(nameOrId, nameOrId);
  if (exact !== undefined) return toSecret(exact as Row);
  if (!/^[0-9a-f]+$/.test(nameOrId)) return undefined;
  const rows = db
    .prepare(`SELECT ${COLUMNS} FROM secrets WHERE id >= ? AND id < ? LIMIT 2`)
    .all(nameOrId, `${nameOrId}g`) as Row[];
  return rows.length === 1 && rows[0] !== undefined ? toSecret(rows[0]) : undefined;
}

export function getSecret(db: Database, nameOrId: string): SecretRecord {
  const found = findSecret(db, nameOrId);
  if (found !== undefined) return found;
  throw new NotFoundError('secret', nameOrId, {
    message: `no secret with name or id ${JSON.stringify(nameOrId)}`,
  });
}

/** By name. */
export function listSecrets(db: Database): SecretRecord[] {
  return (db.prepare(`SELECT ${COLUMNS} FROM secrets ORDER BY name`).all() as Row[]).map(toSecret);
}

/** What is secret about it. NotFoundError; StorageError when it cannot be decrypted. */
export function secretData({ db, paths }: Pick<Libpod, 'db' | 'paths'>, nameOrId: string): Buffer {
  const secret = getSecret(db, nameOrId);
  const row = db.prepare('SELECT data, sealed FROM secrets WHERE id = ?').get(secret.id) as
    | { data: Buffer; sealed: number }
    | undefined;
  if (row === undefined) throw new NotFoundError('secret', nameOrId);
  const data = Buffer.from(row.data);
  return row.sealed === 1 ? openSecret(paths.graphRoot, secret, data) : data;
}

export function removeSecret(db: Database, nameOrId: string): SecretRecord {
  return transaction(db, () => {
    const secret = getSecret(db, nameOrId);
    db.prepare('DELETE FROM secrets WHERE id = ?').run(secret.id);
    recordEvent(db, { kind: 'secret', action: 'remove', objectId: secret.id, name: secret.name });
    return secret;
  });
}

function toSecret(row: Row): SecretRecord {
  return {
    id: String(row['id']),
    name: String(row['name']),
    labels: JSON.parse(String(row['labels'])) as Record<string, string>,
    createdAt: String(row['created_at']),
    updatedAt: String(row['updated_at']),
  };
}
