import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf, messageOf, StorageError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import { type Database, openDatabase, type Row, transaction } from '../state/db.ts';
import { isInUserNamespace } from './drivers/user-namespace.ts';
import { layerPaths, type StoreLayout, storeLayout } from './layout.ts';
import { readTarSplit } from './tar/tar-split.ts';

interface Context {
  db: Database;
  layout: StoreLayout;
  driverName: string;
  /** The attributes by which this store's mounts know opaque directories. */
  opaqueXattrs: readonly string[];
  /** Whether mounts show all files as the caller's own. */
  squashes: boolean;
}

const SETTING = 'additional_stores';
const COMPANION = '-wal';
/** Its owner may be writing while the database is copied. */
const ATTEMPTS = 5;
const LAYER_COLUMNS =
  'tar_size, disk_size, blob_digest, blob_size, media_type, created_at, id, chain_id, diff_id, parent_id';
const IMAGE_COLUMNS = 'id, manifest_digest, manifest, manifest_type, config, size, created_at, pulled_at';

/**
 * Additional stores are graph roots of other tspods, whose images are used as they are, without a write or a lock there.
 *
 * Makes the images of additional stores known here: rows that say where they are from, and in place of each layer's directory a link
 * to that of the other store. What has not changed since the last time costs two stats. Images of stores that are no longer given
 * are forgotten; layers stay as long as containers stand on them.
 */
export function mirrorAdditionalStores(context: Context, stores: readonly string[]): void {
  const known = readKnown(context.db);
  if (stores.length === 0 && known === undefined) return;
  const found = stores.flatMap((path) => locate(context, path) ?? []);
  const state = JSON.stringify(found.map(({ graphRoot, stamp }) => [graphRoot, stamp]));
  if (state === known) return;
  for (const { graphRoot } of found) warnOfOwners(context, graphRoot);
  const contents = found.map(({ graphRoot }) => readStore(context, graphRoot));
  transaction(context.db, () => {
    forgetOthers(
      context.db,
      found.map(({ graphRoot }) => graphRoot),
    );
    for (const content of contents) mirror(context, content);
    if (found.length === 0) context.db.prepare('DELETE FROM settings WHERE key = ?').run(SETTING);
    else context.db.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)').run(SETTING, state);
  });
}

/** What makes containers possible on layers of owners that have no number here. */
export const SQUASHING = ['mount_program=fuse-overlayfs', 'mountopt=squash_to_root'];

/** Stands in a user namespace for owners that it has no number for. */
const OVERFLOW_UID = 65534;

/** Its owner has no number in this user namespace. */
export function belongsToOthers(graphRoot: string): boolean {
  return isInUserNamespace() && statSync(graphRoot, { throwIfNoEntry: false })?.uid === OVERFLOW_UID;
}

/** Such images can be looked at, saved and copied, but nobody may write into the directories of their containers. */
function warnOfOwners({ squashes }: Context, graphRoot: string): void {
  if (squashes || !belongsToOthers(graphRoot)) return;
  log(
    'warn',
    `${graphRoot} belongs to another user: containers on its images need --storage-opt ${SQUASHING.join(' --storage-opt ')}`,
  );
}

function readKnown(db: Database): string | undefined {
  const value = db.prepare('SELECT value FROM settings WHERE key = ?').pluck().get(SETTING);
  return typeof value === 'string' ? value : undefined;
}

interface Found {
  graphRoot: string;
  /** Changes with its database. */
  stamp: string;
}

/** As for the graph root, tspod's store may lie in a directory `tspod` of the one that is named. */
function locate(context: Context, path: string): Found | undefined {
  for (const graphRoot of [resolve(path), resolve(path, 'tspod')]) {
    if (graphRoot === context.layout.graphRoot) return undefined;
    const stamp = stampOf(graphRoot);
    if (stamp === undefined) continue;
    checkDriver(context, graphRoot);
    return { graphRoot, stamp };
  }
  throw new StorageError(`additional image store ${path} is no store of tspod`, {
    hint: `fill one with \`tspod --root ${path} pull IMAGE\``,
  });
}

function stampOf(graphRoot: string): string | undefined {
  const database = join(graphRoot, 'state.db');
  try {
    const parts = [database, database + COMPANION].map((path) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? '' : `${stat.size}.${stat.mtimeNs}`;
    });
    return parts[0] === '' ? undefined : parts.join('-');
  } catch (error) {
    throw cannotRead(graphRoot, error);
  }
}

/** Whiteouts of an overlay mean nothing to vfs, and the other way round. */
function checkDriver({ driverName }: Context, graphRoot: string): void {
  const theirs = driverOf(graphRoot).name;
  if ((theirs === 'vfs') !== (driverName === 'vfs'))
    throw new StorageError(
      `additional image store ${graphRoot} belongs to the ${theirs} driver, this store to ${driverName}`,
      { hint: `use --storage-driver=${theirs} and another --root` },
    );
}

function driverOf(graphRoot: string): { name: string; userXattr: boolean } {
  try {
    const { driver, mountOptions } = JSON.parse(readFileSync(storeLayout(graphRoot).driverFile, 'utf8'));
    return {
      name: String(driver),
      userXattr: Array.isArray(mountOptions) && mountOptions.includes('userxattr'),
    };
  } catch (error) {
    throw cannotRead(graphRoot, error);
  }
}

function cannotRead(graphRoot: string, error: unknown): StorageError {
  return new StorageError(`cannot read additional image store ${graphRoot}: ${messageOf(error)}`, {
    cause: error,
    hint: `its owner can open it to others: chmod a+rx ${graphRoot} ${graphRoot}/layers; chmod a+r ${graphRoot}/state.db ${graphRoot}/state.db-wal ${graphRoot}/driver`,
  });
}

interface Content {
  graphRoot: string;
  /** Parents before what stands on them. */
  layers: Row[];
  images: Row[];
  names: Row[];
  digests: Row[];
}

/** By a copy of its database: reading the real one would need locks, and SQLite would write beside it. */
function readStore(context: Context, graphRoot: string): Content {
  const name = `additional-${formatIdentity(ownIdentity()).replaceAll(':', '-')}`;
  const directory = join(context.layout.tmp, name);
  const copy = join(directory, 'state.db');
  for (let attempt = 1; ; attempt++) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    try {
      const before = stampOf(graphRoot);
      copyDatabase(join(graphRoot, 'state.db'), copy);
      if (before !== stampOf(graphRoot) && attempt < ATTEMPTS) continue;
      const db = openDatabase(copy, { beside: true });
      try {
        return withoutHidden(context, readRows(db, graphRoot));
      } finally {
        db.close();
      }
    } catch (error) {
      if (attempt >= ATTEMPTS || errnoOf(error) === 'EACCES') throw cannotRead(graphRoot, error);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

/**
 * Root's overlay marks opaque directories with an attribute that a user's overlay does not look at: layers with such would show again
 * what they hide. Left out, with everything on top of them.
 */
function withoutHidden({ opaqueXattrs }: Context, content: Content): Content {
  const theirs = driverOf(content.graphRoot);
  if (
    theirs.name !== 'overlay' ||
    opaqueXattrs.includes(theirs.userXattr ? 'user.overlay.opaque' : 'trusted.overlay.opaque')
  )
    return content;
  const layers = content.layers.filter(
    ({ id }) => !hidesDirectories(storeLayout(content.graphRoot), String(id)),
  );
  if (layers.length < content.layers.length)
    log(
      'warn',
      `${content.graphRoot}: images that replace whole directories are left out: they need the privileges that they were made with`,
    );
  return { ...content, layers };
}

const OPAQUE = Buffer.from('.wh..wh..opq');

function hidesDirectories(layout: StoreLayout, id: string): boolean {
  for (const record of readTarSplit(layerPaths(layout, id).tarSplit))
    if (record.kind === 'literal' && record.bytes.includes(OPAQUE)) return true;
  return false;
}

function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to);
  if (existsSync(from + COMPANION)) copyFileSync(from + COMPANION, to + COMPANION);
}

function readRows(db: Database, graphRoot: string): Content {
  const all = (sql: string): Row[] => db.prepare(sql).all() as Row[];
  return {
    graphRoot,
    layers: all(
      `WITH RECURSIVE chain(id, depth) AS (
         SELECT id, 0 FROM layers WHERE parent_id IS NULL
         UNION ALL SELECT layers.id, depth + 1 FROM chain JOIN layers ON layers.parent_id = chain.id)
       SELECT ${LAYER_COLUMNS} FROM layers JOIN chain USING (id) WHERE incomplete = 0 AND store IS NULL ORDER BY depth`,
    ),
    images: all(`SELECT ${IMAGE_COLUMNS}, top_layer FROM images WHERE store IS NULL`),
    names: all('SELECT name, image_id, added_at FROM image_names'),
    digests: all('SELECT name, digest, image_id FROM image_digests'),
  };
}

function forgetOthers(db: Database, graphRoots: readonly string[]): void {
  const stores = db
    .prepare('SELECT DISTINCT store FROM images WHERE store IS NOT NULL')
    .pluck()
    .all() as string[];
  for (const store of stores)
    if (!graphRoots.includes(store)) db.prepare('DELETE FROM images WHERE store = ?').run(store);
}

/** What is here already, by a pull of our own, stays ours, and so does a name. */
function mirror(context: Context, content: Content): void {
  const { db } = context;
  const layers = mirrorLayers(context, content);
  const wanted = content.images.filter(({ top_layer: top }) => top === null || layers.has(String(top)));
  const ids = new Set(wanted.map(({ id }) => String(id)));
  const mine = db.prepare('SELECT id FROM images WHERE store = ?').pluck().all(content.graphRoot) as string[];
  for (const id of mine) if (!ids.has(id)) db.prepare('DELETE FROM images WHERE id = ?').run(id);
  const marks = IMAGE_COLUMNS.split(', ').map((column) => `@${column}`);
  const insert = db.prepare(
    `INSERT OR IGNORE INTO images (${IMAGE_COLUMNS}, top_layer, store) VALUES (${marks.join(', ')}, @top, @store)`,
  );
  for (const { top_layer: top, ...row } of wanted)
    insert.run({ ...row, top: top === null ? null : layers.get(String(top)), store: content.graphRoot });
  const isMirrored = `image_id IN (SELECT id FROM images WHERE store = ?)`;
  db.prepare(`DELETE FROM image_names WHERE ${isMirrored}`).run(content.graphRoot);
  db.prepare(`DELETE FROM image_digests WHERE ${isMirrored}`).run(content.graphRoot);
  const isOurs = db.prepare('SELECT 1 FROM images WHERE id = ? AND store = ?');
  const name = db.prepare('INSERT OR IGNORE INTO image_names (name, image_id, added_at) VALUES (?, ?, ?)');
  for (const row of content.names)
    if (isOurs.get(row['image_id'], content.graphRoot))
      name.run(row['name'], row['image_id'], row['added_at']);
  const digest = db.prepare('INSERT OR IGNORE INTO image_digests (name, digest, image_id) VALUES (?, ?, ?)');
  for (const row of content.digests)
    if (isOurs.get(row['image_id'], content.graphRoot))
      digest.run(row['name'], row['digest'], row['image_id']);
}

/** Returns the ids here by their ids there. */
function mirrorLayers({ db, layout }: Context, { graphRoot, layers }: Content): Map<string, string> {
  const ids = new Map<string, string>();
  const same = db.prepare('SELECT id FROM layers WHERE chain_id = ? AND incomplete = 0').pluck();
  const taken = db.prepare('SELECT 1 FROM layers WHERE id = ?');
  const columns = LAYER_COLUMNS.split(', ');
  const insert = db.prepare(
    `INSERT INTO layers (${LAYER_COLUMNS}, incomplete, store) VALUES (${columns.map((column) => `@${column}`).join(', ')}, 0, @store)`,
  );
  mkdirSync(layout.layers, { recursive: true, mode: 0o700 });
  for (const row of layers) {
    const id = String(row['id']);
    const here = same.get(row['chain_id']);
    const parent = row['parent_id'] === null ? null : ids.get(String(row['parent_id']));
    if (typeof here === 'string') ids.set(id, here);
    if (typeof here === 'string' || parent === undefined || taken.get(id) !== undefined) continue;
    const { dir } = layerPaths(layout, id);
    rmSync(dir, { force: true });
    symlinkSync(layerPaths(storeLayout(graphRoot), id).dir, dir);
    insert.run({ ...row, parent_id: parent, store: graphRoot });
    ids.set(id, id);
  }
  return ids;
}
