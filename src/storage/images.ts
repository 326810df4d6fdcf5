import { crashPoint } from '../base/crash-point.ts';
import { IncompleteLayerError, NotFoundError } from '../base/errors.ts';
import { type Digest, hexOf, sha256Of } from '../base/ids.ts';
import { type ImageConfig, parseImageConfig } from '../oci/image-spec.ts';
import { type Database, type Row, statement, transaction } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import { layerChain } from './layers.ts';
import type { ImageRecord, ImageStore, NewImage } from './store.ts';

const COLUMNS =
  'id, manifest_digest, manifest, manifest_type, config, top_layer, size, created_at, pulled_at, store';
/** Without the documents, which are most of the bytes. */
const LIGHT = COLUMNS.replace(/ manifest,| config,/g, '');
const UNKNOWN_DATE = '0001-01-01T00:00:00Z';

export function imageStore(db: Database): ImageStore {
  const one = (sql: string, ...values: string[]): ImageRecord | undefined => {
    const row = statement(db, `SELECT ${COLUMNS} FROM images WHERE ${sql}`).get(...values);
    return row === undefined ? undefined : withNames(db, row as Row);
  };
  const byId = (id: string): ImageRecord | undefined => one('id = ?', id);
  return {
    add: (image) => addImage(db, image),
    byId,
    byName: (name) => one('id = (SELECT image_id FROM image_names WHERE name = ?)', name),
    byDigest: (repository, digest) =>
      one('id = (SELECT image_id FROM image_digests WHERE name = ? AND digest = ?)', repository, digest),
    byIdPrefix(prefix) {
      if (!/^[0-9a-f]+$/.test(prefix)) return [];
      // 'g' follows the last hex digit: a range that the index serves.
      const rows = db
        .prepare(`SELECT ${COLUMNS} FROM images WHERE id >= ? AND id < ? ORDER BY id`)
        .all(prefix, `${prefix}g`) as Row[];
      return rows.map((row) => withNames(db, row));
    },
    names: () =>
      db.prepare('SELECT name, image_id AS imageId FROM image_names ORDER BY name').all() as {
        name: string;
        imageId: string;
      }[],
    list: () => listImages(db),
    setName(id, name) {
      transaction(db, () => {
        if (db.prepare('SELECT 1 FROM images WHERE id = ?').get(id) === undefined)
          throw new NotFoundError('image', id);
        takeOver(db, id);
        putName(db, id, name);
      });
    },
    removeName(name) {
      transaction(db, () => db.prepare('DELETE FROM image_names WHERE name = ?').run(name));
    },
    addDigest(id, digest) {
      transaction(db, () => {
        if (db.prepare('SELECT 1 FROM images WHERE id = ?').get(id) !== undefined) putDigest(db, id, digest);
      });
    },
    remove(id) {
      transaction(db, () => db.prepare('DELETE FROM images WHERE id = ?').run(id));
    },
  };
}

function addImage(db: Database, image: NewImage): ImageRecord {
  const id = hexOf(sha256Of(image.rawConfig));
  const config = parseImageConfig(image.rawConfig, `config of image ${id.slice(0, 12)}`);
  const now = timestamp();
  crashPoint('image-before-add');
  return transaction(db, () => {
    const size = holdLayers(db, image.topLayerId);
    db.prepare(
      `INSERT INTO images (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (id) DO UPDATE SET store = NULL`,
    ).run(
      id,
      sha256Of(image.manifest),
      image.manifest,
      image.manifestType,
      image.rawConfig,
      image.topLayerId ?? null,
      size,
      config.created ?? UNKNOWN_DATE,
      now,
    );
    for (const name of image.names) putName(db, id, name);
    for (const digest of image.digests) putDigest(db, id, digest);
    const row = db.prepare(`SELECT ${COLUMNS} FROM images WHERE id = ?`).get(id);
    return withNames(db, row as Row);
  });
}

/** From now on the image keeps its layers, not the process that unpacked them. Returns their size on disk. */
function holdLayers(db: Database, topLayerId: string | undefined): number {
  if (topLayerId === undefined) return 0;
  if (db.prepare('SELECT 1 FROM layers WHERE id = ? AND incomplete = 0').get(topLayerId) === undefined)
    throw new IncompleteLayerError(`layer ${topLayerId} is not complete: its image cannot be added`, {
      hint: 'it may have been removed by another process meanwhile: try again',
    });
  let size = 0;
  const release = db.prepare('UPDATE layers SET owner = NULL WHERE id = ?');
  for (const layer of layerChain(db, topLayerId)) {
    size += layer.diskSize;
    release.run(layer.id);
  }
  return size;
}

/** What somebody names here, or pulls, is no longer the other store's to take away; its layers may go on lying there. */
function takeOver(db: Database, id: string): void {
  db.prepare('UPDATE images SET store = NULL WHERE id = ? AND store IS NOT NULL').run(id);
}

function putName(db: Database, id: string, name: string): void {
  db.prepare(
    `INSERT INTO image_names (name, image_id, added_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id, added_at = excluded.added_at`,
  ).run(name, id, timestamp());
}

function putDigest(db: Database, id: string, [repository, digest]: readonly [string, Digest]): void {
  db.prepare(
    `INSERT INTO image_digests (name, digest, image_id) VALUES (?, ?, ?)
     ON CONFLICT (name, digest) DO UPDATE SET image_id = excluded.image_id`,
  ).run(repository, digest, id);
}

function listImages(db: Database): ImageRecord[] {
  const names = grouped(
    db.prepare('SELECT image_id, name FROM image_names ORDER BY added_at DESC, name').raw().all() as [
      string,
      string,
    ][],
  );
  const digests = grouped(
    db
      .prepare(`SELECT image_id, name || '@' || digest FROM image_digests ORDER BY name, digest`)
      .raw()
      .all() as [string, string][],
  );
  const rows = db.prepare(`SELECT ${LIGHT} FROM images ORDER BY created_at DESC, id`).all() as Row[];
  return rows.map((row) => {
    const id = String(row['id']);
    return toRecord(row, names.get(id) ?? [], digests.get(id) ?? [], () => textsOf(db, id));
  });
}

/** Of an image in a list; one that was removed since then has no labels and no history any more. */
function textsOf(db: Database, id: string): Row {
  const found = statement(db, 'SELECT manifest, config FROM images WHERE id = ?').get(id);
  return (found ?? { manifest: '{}', config: '{}' }) as Row;
}

function grouped(pairs: [string, string][]): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const list = result.get(key);
    if (list === undefined) result.set(key, [value]);
    else list.push(value);
  }
  return result;
}

function withNames(db: Database, row: Row): ImageRecord {
  const id = String(row['id']);
  const names = statement(db, 'SELECT name FROM image_names WHERE image_id = ? ORDER BY added_at DESC, name')
    .pluck()
    .all(id) as string[];
  const digests = statement(
    db,
    `SELECT name || '@' || digest FROM image_digests WHERE image_id = ? ORDER BY name, digest`,
  )
    .pluck()
    .all(id) as string[];
  return toRecord(row, names, digests);
}

/** The configuration is parsed when it is looked at: most listings do not, and a damaged one harms only who does. */
function toRecord(
  row: Row,
  ...[names, repoDigests, readTexts = () => row]: [string[], string[], (() => Row)?]
): ImageRecord {
  const id = String(row['id']);
  let texts: Row | undefined;
  const text = (column: string): string => {
    texts ??= readTexts();
    return String(texts[column]);
  };
  let parsed: ImageConfig | undefined;
  return {
    id,
    manifestDigest: String(row['manifest_digest']) as Digest,
    get manifest() {
      return text('manifest');
    },
    manifestType: String(row['manifest_type']),
    get rawConfig() {
      return text('config');
    },
    get config() {
      parsed ??= parseImageConfig(text('config'), `config of image ${id.slice(0, 12)}`);
      return parsed;
    },
    topLayerId: typeof row['top_layer'] === 'string' ? row['top_layer'] : undefined,
    names,
    repoDigests,
    size: Number(row['size']),
    createdAt: String(row['created_at']),
    pulledAt: String(row['pulled_at']),
    readOnlyStore: typeof row['store'] === 'string' ? row['store'] : undefined,
  };
}
