import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../base/atomic-file.ts';
import { errnoOf } from '../base/errors.ts';
import { type Column, type Database, openDatabase, openRaw } from './db.ts';
import { removeSecondNames } from './second-names.ts';
import { isDamagedLog, mendLog } from './write-ahead-log.ts';

export interface RebuildReport {
  /** Where the damaged file was put. */
  kept: string;
  /** Rows that could be read, by table. */
  rows: Record<string, number>;
  /** Tables of which some rows, or all, could not be read. */
  incomplete: string[];
}

/** In an order in which no row comes before what it refers to. */
const TABLES = [
  'layers',
  'images',
  'image_names',
  'image_digests',
  'pods',
  'containers',
  'container_dependencies',
  'volumes',
  'container_volumes',
  'container_secrets',
  'exec_sessions',
  'events',
  'settings',
  'build_cache',
  'build_mounts',
  'layer_blobs',
  'manifest_lists',
  'manifest_list_names',
  'secrets',
  'elsewhere',
];

const HEADER_BYTES = 100;
const COMPANIONS = ['-wal', '-shm'];

/**
 * Replaces a damaged state DB by a new one with every row that can still be read. The damaged file is kept beside it. `complete` may
 * add rows for what is found on disk, before rows that refer to nothing are dropped. The caller has closed the DB; should this process
 * be killed, either the old file or the finished new one is in place.
 */
export function rebuildDatabase(path: string, complete: (db: Database) => void): RebuildReport {
  const copy = `${path}.salvage`;
  const fresh = `${path}.new`;
  for (const name of [copy, fresh]) removeDatabase(name);
  // One that is gone is rebuilt as one that is empty.
  closeSync(openSync(path, 'a', 0o600));
  const db = openDatabase(fresh, { beside: true });
  const report: RebuildReport = { kept: unusedName(`${path}.damaged`), rows: {}, incomplete: [] };
  try {
    copyDatabase(path, copy);
    // Its header is the model: it has to be in the file.
    db.pragma('wal_checkpoint(TRUNCATE)');
    if (isDamagedLog(copy)) mendLog(`${copy}-wal`, Number(db.pragma('page_size', { simple: true })));
    repairHeader(copy, fresh);
    db.pragma('foreign_keys = OFF');
    if (!hasSchema(copy)) restoreSchema(copy, fresh);
    const old = openRaw(copy);
    try {
      for (const table of TABLES) salvageTable(old, db, table, report);
    } finally {
      old.close();
    }
    complete(db);
    dropDangling(db);
    // Everything into the one file that is renamed.
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
    removeDatabase(copy);
  }
  // Two names for a moment: never is there none, which would be taken for a new store.
  for (const suffix of ['', ...COMPANIONS])
    if (existsSync(path + suffix)) linkSync(path + suffix, report.kept + suffix);
  // The old log must not meet the new file, nor be missing beside the old one: its second name goes last.
  for (const suffix of COMPANIONS) rmSync(path + suffix, { force: true });
  renameSync(fresh, path);
  removeSecondNames(path);
  syncDirectory(dirname(path));
  return report;
}

/** From both ends: a bad page in the middle hides only what is on it. */
function salvageTable(old: Database, db: Database, table: string, report: RebuildReport): void {
  const columns = db.pragma(`table_info(${table})`) as { name: string }[];
  const names = columns.map(({ name }) => name).join(', ');
  const insert = db.prepare(
    `INSERT OR IGNORE INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  let count = 0;
  for (const order of ['', ' ORDER BY 1 DESC']) {
    try {
      const rows = old.prepare(`SELECT ${names} FROM ${table}${order}`).raw().iterate();
      for (const row of rows) count += insertRow(insert, row as Column[]);
      break;
    } catch {
      // The damaged page: what comes before it has been kept.
      if (!report.incomplete.includes(table)) report.incomplete.push(table);
    }
  }
  report.rows[table] = count;
}

interface Insert {
  run(...values: Column[]): { changes: number };
}

function insertRow(insert: Insert, row: readonly Column[]): number {
  try {
    return insert.run(...row).changes;
  } catch {
    // A row whose content makes no sense any more.
    return 0;
  }
}

/** Also what was read, but makes no sense: the end of a long text may have been on a lost page. */
function dropDangling(db: Database): void {
  const gone = (column: string, table: string, key: string): string =>
    `${column} IS NOT NULL AND ${column} NOT IN (SELECT ${key} FROM ${table})`;
  const orphans = db.prepare(`DELETE FROM layers WHERE ${gone('parent_id', 'layers', 'id')}`);
  while (orphans.run().changes > 0);
  db.exec(`
    DELETE FROM containers WHERE NOT json_valid(spec) OR NOT json_valid(facts);
    UPDATE containers SET checkpoint = NULL WHERE NOT json_valid(checkpoint);
    DELETE FROM pods WHERE NOT json_valid(spec);
    UPDATE containers SET pod_id = NULL WHERE ${gone('pod_id', 'pods', 'id')};
    DELETE FROM images WHERE NOT json_valid(config) OR NOT json_valid(manifest);
    DELETE FROM exec_sessions WHERE NOT json_valid(config);
    DELETE FROM images WHERE ${gone('top_layer', 'layers', 'id')};
    DELETE FROM image_names WHERE ${gone('image_id', 'images', 'id')};
    DELETE FROM image_digests WHERE ${gone('image_id', 'images', 'id')};
    UPDATE containers SET layer_id = NULL, error = 'its image was lost with the damaged state database'
     WHERE ${gone('layer_id', 'layers', 'id')};
    DELETE FROM container_dependencies WHERE ${gone('container_id', 'containers', 'id')};
    DELETE FROM container_dependencies WHERE ${gone('needs_id', 'containers', 'id')};
    DELETE FROM container_volumes WHERE ${gone('container_id', 'containers', 'id')};
    DELETE FROM container_volumes WHERE ${gone('volume_name', 'volumes', 'name')};
    DELETE FROM container_secrets WHERE ${gone('container_id', 'containers', 'id')};
    DELETE FROM exec_sessions WHERE ${gone('container_id', 'containers', 'id')};
    DELETE FROM build_cache WHERE ${gone('layer_id', 'layers', 'id')};
  `);
}

function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to);
  try {
    copyFileSync(`${from}-wal`, `${to}-wal`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * SQLite refuses a file as a whole when its first hundred bytes are wrong, or when they speak of more pages than there are. Both are
 * put right in the copy: with the header of a new DB of ours, and with empty pages.
 */
function repairHeader(copy: string, model: string): void {
  const content = readFileSync(copy);
  const good = readFileSync(model).subarray(0, HEADER_BYTES);
  const pageSize = good.readUInt16BE(16);
  if (content.length < pageSize) return;
  const isOurs = content.subarray(0, 24).equals(good.subarray(0, 24));
  if (!isOurs) {
    good.copy(content, 0);
    content.writeUInt32BE(Math.ceil(content.length / pageSize), 28);
    // No free pages: those of the list could be anywhere.
    content.fill(0, 32, 40);
  }
  // A nonsensical number would make a nonsensical file.
  const named = content.readUInt32BE(28) <= MOST_PAGES ? content.readUInt32BE(28) : 0;
  // A table whose first page is beyond the end would make SQLite refuse all of them.
  const pages = Math.max(named, statSync(model).size / pageSize, Math.ceil(content.length / pageSize));
  content.writeUInt32BE(pages, 28);
  writeFileSync(copy, content);
  truncateSync(copy, pages * pageSize);
}

/** A gigabyte. */
const MOST_PAGES = 262_144;

function hasSchema(path: string): boolean {
  const db = openRaw(path);
  try {
    return TABLES.every((table) => db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = '${table}'`).get());
  } catch {
    return false;
  } finally {
    db.close();
  }
}

/**
 * Without the table of tables nothing can be found. Every DB of this version begins with the same statements, so that it has its tables
 * at the same pages as a new one: the pages of that table are taken from there. What does not fit after all is refused row by row.
 */
function restoreSchema(copy: string, model: string): void {
  const content = readFileSync(copy);
  const good = readFileSync(model);
  const pageSize = good.readUInt16BE(16);
  const pages = schemaPages(good);
  for (const page of pages) {
    const from = (page - 1) * pageSize;
    // The first page begins with the header, which has been put right already.
    const start = page === 1 ? HEADER_BYTES : from;
    good.copy(content, start, start, from + pageSize);
  }
  writeFileSync(copy, content);
}

/** Numbers of the pages of sqlite_schema, which is a tree of two levels at most. */
function schemaPages(db: Buffer): number[] {
  const INTERIOR = 5;
  const root = HEADER_BYTES;
  if (db[root] !== INTERIOR) return [1];
  const cells = db.readUInt16BE(root + 3);
  const children = Array.from({ length: cells }, (_, i) =>
    db.readUInt32BE(db.readUInt16BE(root + 12 + 2 * i)),
  );
  return [1, ...children, db.readUInt32BE(root + 8)];
}

function removeDatabase(path: string): void {
  for (const suffix of ['', ...COMPANIONS]) rmSync(path + suffix, { force: true });
}

function unusedName(path: string): string {
  for (let number = 0; ; number++) {
    const name = number === 0 ? path : `${path}.${number}`;
    if (statSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}
