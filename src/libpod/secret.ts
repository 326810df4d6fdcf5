import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { parseColumn, readableRows } from '../state/document-sum.ts';
import { recordEvent, timestamp } from '../state/events.ts';
import { isRowAsWritten, refuseChangedRow, sumRow } from '../state/row-sum.ts';
import type { Libpod } from './context.ts';
import { abandonedElsewhere, type Elsewhere, forgetElsewhere, noteElsewhere } from './elsewhere.ts';
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
  await removeAbandonedSecrets(db);
  refuseTaken(db, secret);
  const sealed = isSealed(secret) ? sealSecret(paths.graphRoot, id, secret.data) : secret.data;
  const store = secretStore(secret);
  let old: SecretRecord | undefined;
  if (store !== undefined) noteSecret(db, secret);
  try {
    await store?.put(id, sealed);
    crashPoint('secret-after-put');
    old = transaction(db, () => {
      const replaced = refuseTaken(db, secret);
      if (replaced !== undefined) {
        db.prepare('DELETE FROM secrets WHERE id = ?').run(replaced.id);
        if (secretStore(replaced) !== undefined) noteSecret(db, replaced);
      }
      const now = timestamp();
      db.prepare(`INSERT INTO secrets (${COLUMNS}, data, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
        ...[id, name, JSON.stringify(secret.labels), now, now],
        ...[secret.driver, JSON.stringify(secret.driverOptions)],
        store === undefined ? sealed : Buffer.alloc(0),
        isSealed(secret) ? 1 : 0,
      );
      sumRow(db, 'secrets', name);
      recordEvent(db, { kind: 'secret', action: 'create', objectId: id, name });
      if (store !== undefined) forgetElsewhere(db, id);
      return replaced;
    });
  } catch (error) {
    if (store !== undefined) await dropLeft(db, secret);
    throw error;
  }
  crashPoint('secret-after-row');
  if (old !== undefined && secretStore(old) !== undefined) await dropLeft(db, old);
}

function noteSecret(db: Database, { id, driver, driverOptions }: SecretPlace & { id: string }): boolean {
  return noteElsewhere(db, { kind: 'secret', key: id, place: { driver, driverOptions } });
}

/** Of one that has no row: what a driver cannot take away now stays noted, for whoever comes next. */
async function dropLeft(db: Database, secret: SecretPlace & { id: string }): Promise<void> {
  try {
    await dropOrMiss(secret);
    forgetElsewhere(db, secret.id);
  } catch (error) {
    log('warn', `data of secret ${secret.id} is left behind: ${messageOf(error)}`);
  }
}

/** Not every driver can tell whether there is nothing to be taken away. */
async function dropOrMiss(secret: SecretPlace & { id: string }): Promise<void> {
  const store = secretStore(secret);
  try {
    await store?.drop(secret.id);
  } catch (error) {
    const isThere = await store?.get(secret.id).then(
      () => true,
      () => false,
    );
    if (isThere === true) throw error;
  }
}

/** Data that killed commands have put where no row names it, or were about to take away. */
export function abandonedSecrets(db: Database): Elsewhere[] {
  return abandonedElsewhere(db, 'secret');
}

/** A removal that was killed is completed. StorageError when its driver cannot. */
export async function removeAbandonedSecret(db: Database, { key, place }: Elsewhere): Promise<void> {
  await dropOrMiss({ id: key, ...(place as SecretPlace) });
  transaction(db, () => {
    const left = db.prepare('DELETE FROM secrets WHERE id = ? RETURNING name').get(key) as Row | undefined;
    if (left !== undefined)
      recordEvent(db, { kind: 'secret', action: 'remove', objectId: key, name: String(left['name']) });
    forgetElsewhere(db, key);
  });
}

async function removeAbandonedSecrets(db: Database): Promise<void> {
  for (const abandoned of abandonedSecrets(db))
    try {
      await removeAbandonedSecret(db, abandoned);
    } catch (error) {
      log('warn', `cannot remove what is left of secret ${abandoned.key}: ${messageOf(error)}`);
    }
}

/** Returns the one that it replaces. */
function refuseTaken(db: Database, { name, replace }: NewSecret): SecretRecord | undefined {
  const old = findSecret(db, name, { evenDamaged: true });
  if (old === undefined || old.name !== name) return undefined;
  if (replace) return old;
  throw new AlreadyExistsError(`${name}: secret name in use: a secret of that name exists`);
}

/** Other drivers see to that themselves. */
function isSealed({ driver }: SecretPlace): boolean {
  return driver === 'file';
}

interface FindOptions {
  /** To be removed: what its row says about its driver is not believed then. */
  evenDamaged?: boolean;
}

/** By name, id or the unique beginning of an id. Throws DamagedDocumentError where its row is not as it was written. */
export function findSecret(
  db: Database,
  nameOrId: string,
  { evenDamaged = false }: FindOptions = {},
): SecretRecord | undefined {
  const row = findRow(db, nameOrId);
  if (row === undefined) return undefined;
  const secret = toSecret(row);
  if (isRowAsWritten('secrets', row)) return secret;
  if (!evenDamaged) refuseChangedRow('secrets', row);
  return { ...secret, driver: 'file', driverOptions: {} };
}

function findRow(db: Database, nameOrId: string): Row | undefined {
  const exact = db.prepare('SELECT * FROM secrets WHERE name = ? OR id = ?').get(nameOrId, nameOrId);
  if (exact !== undefined) return exact as Row;
  if (!/^[0-9a-f]+$/.test(nameOrId)) return undefined;
  const rows = db
    .prepare('SELECT * FROM secrets WHERE id >= ? AND id < ? LIMIT 2')
    .all(nameOrId, `${nameOrId}g`) as Row[];
  return rows.length === 1 ? rows[0] : undefined;
}

export function getSecret(db: Database, nameOrId: string, options: FindOptions = {}): SecretRecord {
  const found = findSecret(db, nameOrId, options);
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
  return readableRows(db.prepare(`SELECT ${COLUMNS} FROM secrets ORDER BY name`).all() as Row[], toSecret);
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
  const secret = getSecret(db, nameOrId, { evenDamaged: true });
  const { id, name } = secret;
  if (secretStore(secret) !== undefined) await dropNoted(db, secret);
  crashPoint('secret-after-drop');
  return transaction(db, () => {
    db.prepare('DELETE FROM secrets WHERE id = ?').run(id);
    recordEvent(db, { kind: 'secret', action: 'remove', objectId: id, name });
    forgetElsewhere(db, id);
    return secret;
  });
}

async function dropNoted(db: Database, secret: SecretRecord): Promise<void> {
  // Another removal may have been killed after it had got that far.
  if (!noteSecret(db, secret)) return await dropOrMiss(secret);
  try {
    await secretStore(secret)?.drop(secret.id);
  } catch (error) {
    forgetElsewhere(db, secret.id);
    throw error;
  }
}

function toSecret(row: Row): SecretRecord {
  const what = `secret ${String(row['name'])}`;
  return {
    id: String(row['id']),
    name: String(row['name']),
    labels: parseColumn(row, 'labels', what),
    createdAt: String(row['created_at']),
    updatedAt: String(row['updated_at']),
    driver: String(row['driver']),
    driverOptions: parseColumn(row, 'driver_options', what),
  };
}
