import { AlreadyExistsError, InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { recordEvent, timestamp } from '../state/events.ts';
import type { Libpod } from './context.ts';
import { openSecret, sealSecret } from './secret-cipher.ts';
import { checkSecretPlace, type SecretPlace, secretStore } from './secret-drivers.ts';

/** Without what is secret about it. */
export interface SecretRecord extends SecretPlace {
  /** 25 hexadecimal digits. */
  id: string;
  name: string;
  labels: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

const COLUMNS = 'id, name, labels, created_at, updated_at, driver, driver_options';
const LARGEST = 512_000;

export interface NewSecret extends SecretPlace {
  id: string;
  name: string;
  labels: Record<string, string>;
  data: Buffer;
  /** One of that name is replaced, with a new id. */
  replace: boolean;
}

/** The data lies in the state database, encrypted, unless another driver keeps it. */
export async function createSecret(
  { db, paths }: Pick<Libpod, 'db' | 'paths'>,
  secret: NewSecret,
): Promise<void> {
  const { id, name } = secret;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/.test(name))
    throw new InvalidSpecError(
      `invalid secret name ${JSON.stringify(name)}: letters, digits, dots, hyphens and underscores, 253 at most`,
    );
  if (secret.data.length === 0 || secret.data.length >= LARGEST)
    throw new InvalidSpecError(`secret ${name} must have more than 0 and less than ${LARGEST} bytes`);
  checkSecretPlace(secret);
  // For one that cannot be made nothing is put anywhere; whether it can is asked again below.
  refuseTaken(db, secret);
  const sealed = isSealed(secret) ? sealSecret(paths.graphRoot, id, secret.data) : secret.data;
  const store = secretStore(secret);
  await store?.put(id, sealed);
  let old: SecretRecord | undefined;
  try {
    old = transaction(db, () => {
      const replaced = refuseTaken(db, secret);
      if (replaced !== undefined) db.prepare('DELETE FROM secrets WHERE id = ?').run(replaced.id);
      const now = timestamp();
      db.prepare(`INSERT INTO secrets (${COLUMNS}, data, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
        ...[id, name, JSON.stringify(secret.labels), now, now],
        ...[secret.driver, JSON.stringify(secret.driverOptions)],
        store === undefined ? sealed : Buffer.alloc(0),
        isSealed(secret) ? 1 : 0,
      );
      recordEvent(db, { kind: 'secret', action: 'create', objectId: id, name });
      return replaced;
    });
  } catch (error) {
    await store?.drop(id);
    throw error;
  }
  if (old !== undefined) await secretStore(old)?.drop(old.id);
}

/** Returns the one that it replaces. */
function refuseTaken(db: Database, { name, replace }: NewSecret): SecretRecord | undefined {
  const old = findSecret(db, name);
  if (old === undefined || old.name !== name) return undefined;
  if (replace) return old;
  throw new AlreadyExistsError(`${name}: secret name in use: a secret of that name exists`);
}

/** Other drivers see to that themselves. */
function isSealed({ driver }: SecretPlace): boolean {
  return driver === 'file';
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
  throw missingSecret(nameOrId);
}

export function missingSecret(nameOrId: string): NotFoundError {
  return new NotFoundError('secret', nameOrId, {
    message: `no secret with name or id ${JSON.stringify(nameOrId)}: no such secret`,
  });
}

/** By name. */
export function listSecrets(db: Database): SecretRecord[] {
  return (db.prepare(`SELECT ${COLUMNS} FROM secrets ORDER BY name`).all() as Row[]).map(toSecret);
}

/** What is secret about it. NotFoundError; StorageError when it cannot be read or decrypted. */
export async function secretData(
  { db, paths }: Pick<Libpod, 'db' | 'paths'>,
  nameOrId: string,
): Promise<Buffer> {
  const secret = getSecret(db, nameOrId);
  const row = db.prepare('SELECT data, sealed FROM secrets WHERE id = ?').get(secret.id) as
    | { data: Buffer; sealed: number }
    | undefined;
  if (row === undefined) throw new NotFoundError('secret', nameOrId);
  const data = (await secretStore(secret)?.get(secret.id)) ?? Buffer.from(row.data);
  return row.sealed === 1 ? openSecret(paths.graphRoot, secret, data) : data;
}

/** Its driver goes first: a secret that cannot be taken away stays to be seen. */
export async function removeSecret(db: Database, nameOrId: string): Promise<SecretRecord> {
  const secret = getSecret(db, nameOrId);
  await secretStore(secret)?.drop(secret.id);
  return transaction(db, () => {
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
    driver: String(row['driver']),
    driverOptions: JSON.parse(String(row['driver_options'])) as Record<string, string>,
  };
}
