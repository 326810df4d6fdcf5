import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { errnoOf, LockTimeoutError, messageOf, StorageError } from '../base/errors.ts';
import { ensureDirectory } from '../base/paths.ts';
import { ensureReserve, FOR_REMOVALS, giveUpReserve } from './reserve.ts';
import { migrate, refuseNewer, SCHEMA_VERSION } from './schema.ts';
import { giveSecondNames, hasAllNames, restoreNames } from './second-names.ts';
import { frameDamage, headerDamage } from './write-ahead-log.ts';

export type Database = BetterSqlite3.Database;
/** What a column may hold when it comes back from SQLite. */
export type Column = string | number | bigint | Buffer | null;
export type Row = Record<string, Column>;

/** How long one attempt waits inside SQLite; it blocks the event loop, so it stays short. */
const BUSY_TIMEOUT_MS = 800;
/** How often `transaction` tries before it gives up: about half a minute in all. */
const ATTEMPTS = 40;
const OPEN_ATTEMPTS = 400;
const OPEN_PAUSE_MS = 20;
const NAME_ATTEMPTS = 5;

/**
 * Opens (and creates or upgrades) the state DB. Several processes may have it open; readers never wait for writers (WAL).
 * Throws StorageError for a damaged file, one written by a newer tspod, or a read-only directory: the message names the file.
 * `beside`: one that is not the store's own: a copy, or a new one that shall take its place.
 */
export function openDatabase(path: string, { beside = false }: { beside?: boolean } = {}): Database {
  let db: Database | undefined;
  try {
    const isWhole = beside || hasAllNames(path);
    if (isEmptied(path)) throw damaged(path, 'it is empty');
    if (!isWhole) bringNamesBack(path);
    if (!existsSync(path)) {
      if (!beside && isLost(path)) throw damaged(path, 'it is missing');
      ensureDirectory(dirname(path));
      // Specs hold environments; SQLite gives its log files the mode of this one.
      closeSync(openSync(path, 'a', 0o600));
    }
    refuse(path, headerDamage(path));
    db = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS, ...nativeBinding() });
    prepare(db, path);
    if (!beside) ensureReserve(path);
    if (!isWhole) giveSecondNames(path);
    return db;
  } catch (error) {
    if (db !== undefined) closeUntouched(db);
    throw explain(error, path);
  }
}

/** SQLite puts the log into the DB and deletes it when the last connection is closed: not so if that one may only read. */
function closeUntouched(db: Database): void {
  let reader: Database | undefined;
  try {
    reader = new BetterSqlite3(db.name, { readonly: true, timeout: 0, ...nativeBinding() });
    reader.pragma('user_version');
  } catch {
    // Too damaged to be read, hence also to be written.
  }
  db.close();
  reader?.close();
}

function refuse(path: string, damage: string | undefined): void {
  if (damage !== undefined) throw damaged(path, damage);
}

function bringNamesBack(path: string): void {
  // The last user may be closing it, and another one opening it, while we look at one file after the other.
  for (let attempt = 1; attempt <= NAME_ATTEMPTS; attempt++) {
    if (restoreNames(path, (log) => isReplayed(path, log))) return;
    pause();
  }
  throw damaged(path, 'its log is missing, and the one kept beside it does not belong to it');
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS);
}

/** Whether the log leaves the DB as it is; tried on a copy. */
function isReplayed(path: string, log: string): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-'));
  const copy = join(directory, 'state.db');
  try {
    copyFileSync(path, copy);
    copyFileSync(log, `${copy}-wal`);
    const db = openRaw(copy);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    return readFileSync(copy).equals(readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Not even a header that could be checked: for rescuing what is in a damaged file. */
export function openRaw(path: string): Database {
  return new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS, ...nativeBinding() });
}

/** A new DB starts as an empty file too, but in a graph root that nothing has been stored in. */
function isEmptied(path: string): boolean {
  const size = (name: string): number | undefined => statSync(name, { throwIfNoEntry: false })?.size;
  return size(path) === 0 && !size(`${path}-wal`) && existsSync(join(dirname(path), 'driver'));
}

/** It is made before the first layer or container. */
function isLost(path: string): boolean {
  const holdsAny = (name: string): boolean => {
    const directory = join(dirname(path), name);
    return existsSync(directory) && readdirSync(directory).length > 0;
  };
  return holdsAny('layers') || holdsAny('containers');
}

/** Commands end without closing the DB: whoever opens it next reads what is in the WAL, so it is kept small. */
const SETTINGS = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
  PRAGMA wal_autocheckpoint = 250`;

/** SQLite does not wait by itself for another process that creates the file at the same time, or recovers it after a crash. */
function prepare(db: Database, path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      refuseNewer(db, path);
      const frames = framesOfLog(db);
      if (frames !== undefined) refuse(path, frameDamage(path, frames));
      db.exec(SETTINGS);
      migrate(db);
      return;
    } catch (error) {
      // An upgrade writes before anybody could remove anything.
      if (isFull(error) && giveUpReserve(path, FOR_REMOVALS)) continue;
      if (!isBusy(error) || attempt >= OPEN_ATTEMPTS) throw error;
      pause();
    }
  }
}

/** Those that SQLite has found to be valid; undefined when it may not say, on a read-only file system. */
function framesOfLog(db: Database): number | undefined {
  try {
    const [state] = db.pragma('wal_checkpoint(NOOP)') as [{ log: number }];
    return Math.max(state.log, 0);
  } catch (error) {
    if (errnoOf(error) === 'SQLITE_READONLY') return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return errnoOf(error)?.startsWith('SQLITE_BUSY') === true;
}

/**
 * For looking only (shell completion): nothing is created, upgraded or written, but for a name that was lost. Undefined when there is no DB yet, or one of
 * another version. Throws like `openDatabase`.
 */
export function openDatabaseForReading(path: string): Database | undefined {
  if (!hasAllNames(path)) bringNamesBack(path);
  if (!existsSync(path)) return undefined;
  const db = new BetterSqlite3(path, { readonly: true, fileMustExist: true, timeout: 0, ...nativeBinding() });
  if (Number(db.pragma('user_version', { simple: true })) === SCHEMA_VERSION) return db;
  db.close();
  return undefined;
}

/**
 * Runs `work` in one `BEGIN IMMEDIATE` transaction; no await inside. `durable` makes it survive a power cut (fsync of the WAL);
 * without it, it survives every crash of processes, which is enough for what dies with the boot anyway.
 */
export function transaction<T>(db: Database, work: () => T, durable = true): T {
  if (db.inTransaction) return work();
  if (durable) db.exec('PRAGMA synchronous = FULL');
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return runImmediate(db, work);
      } catch (error) {
        if (isFull(error) && makesRoom(db, attempt)) continue;
        if (!isBusy(error) || attempt >= ATTEMPTS) throw explain(error, db.name);
      }
    }
  } finally {
    if (durable) db.exec('PRAGMA synchronous = NORMAL');
  }
}

function runImmediate<T>(db: Database, work: () => T): T {
  statement(db, 'BEGIN IMMEDIATE').run();
  try {
    const result = work();
    statement(db, 'COMMIT').run();
    return result;
  } catch (error) {
    // SQLite itself takes back what a full disk interrupts.
    if (db.inTransaction) statement(db, 'ROLLBACK').run();
    throw error;
  }
}

type Statement = BetterSqlite3.Statement<unknown[], unknown>;
const statements = new WeakMap<Database, Map<string, Statement>>();

/** The statement as it was prepared when `sql` was first asked for: for what one command runs several times. */
export function statement(db: Database, sql: string): Statement {
  const known = statements.get(db) ?? new Map<string, Statement>();
  statements.set(db, known);
  const found = known.get(sql) ?? db.prepare(sql);
  known.set(sql, found);
  return found;
}

/** What each has to leave of the reserve. */
const reserves = new WeakMap<Database, number>();

/** From now on this process frees space: on a full disk its transactions may take what is kept for that, but for the last `keep` bytes. */
export function allowReserve(db: Database, keep = 0): void {
  reserves.set(db, keep);
}

/**
 * `work` with what is to be told about it, in one transaction that every crash of processes leaves whole; without that when the disk is
 * full: events stay, and the reserve is for what does not. `work` may be called twice.
 */
export function transactionToTell(db: Database, work: () => void, tell: () => void): void {
  const keep = reserves.get(db);
  reserves.set(db, Number.POSITIVE_INFINITY);
  try {
    transaction(
      db,
      () => {
        work();
        tell();
      },
      false,
    );
    return;
  } catch (error) {
    if (!(error instanceof StorageError) || !isFull(error.cause)) throw error;
  } finally {
    if (keep === undefined) reserves.delete(db);
    else reserves.set(db, keep);
  }
  transaction(db, work, false);
}

function makesRoom(db: Database, attempt: number): boolean {
  const keep = reserves.get(db);
  return keep !== undefined && ((attempt === 1 && reuseLog(db)) || giveUpReserve(db.name, keep));
}

/** Once what is in the WAL is in the file itself, the WAL begins anew, in the place that it has already. */
function reuseLog(db: Database): boolean {
  try {
    const [result] = db.pragma('wal_checkpoint(RESTART)') as { busy: number; checkpointed: number }[];
    return result?.busy === 0 && result.checkpointed > 0;
  } catch {
    return false;
  }
}

function isFull(error: unknown): boolean {
  return errnoOf(error) === 'SQLITE_FULL';
}

/** The bundle has no node_modules beside it: the prebuilt binding is copied to `native/` by the build. */
function nativeBinding(): { nativeBinding?: string } {
  const here = import.meta.dirname;
  for (const candidate of [join(here, 'native/sqlite.node'), join(here, '../native/sqlite.node')]) {
    if (existsSync(candidate)) return { nativeBinding: candidate };
  }
  return {};
}

/** The file is not what SQLite wrote; `rebuildDatabase` saves what can be read. */
export class DamagedDatabaseError extends StorageError {}

function damaged(path: string, reason: string, cause?: unknown): DamagedDatabaseError {
  return new DamagedDatabaseError(`state database ${path} is damaged: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'run `tspod system check --repair`: it keeps everything that can still be read',
  });
}

/** An error of SQLite in the user's words; any other one as it is. */
export function explain(error: unknown, path: string): unknown {
  const code = errnoOf(error) ?? '';
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') {
    return new LockTimeoutError(`state database ${path} is locked by another process`, { cause: error });
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return damaged(path, messageOf(error), error);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC')
    return new StorageError(`cannot write state database ${path}: no space left on device`, {
      cause: error,
      hint: 'free some space there, or choose another place with --root',
    });
  if (
    code === 'SQLITE_READONLY' ||
    code.startsWith('SQLITE_READONLY_') ||
    code === 'SQLITE_CANTOPEN' ||
    code === 'EROFS' ||
    code === 'ENOENT' ||
    code === 'ENOTDIR' ||
    code === 'EACCES'
  ) {
    return new StorageError(`cannot open state database ${path}: ${reasonFor(path, error)}`, {
      cause: error,
      hint: 'choose another place with --root, or make this one writable',
    });
  }
  if (code.startsWith('SQLITE_IOERR'))
    return new StorageError(`cannot use state database ${path}: ${messageOf(error)}`, {
      cause: error,
      hint: 'the disk fails (the log of the kernel tells), or the size of files is limited (ulimit -f)',
    });
  return error;
}

function reasonFor(path: string, error: unknown): string {
  try {
    if (statSync(path).isDirectory()) return 'it is a directory';
  } catch {
    // Not there: the cause is with the directory.
  }
  return messageOf(error);
}
