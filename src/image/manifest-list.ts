import { AlreadyExistsError, InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type Digest, newId } from '../base/ids.ts';
import { MEDIA, type Platform } from '../oci/image-spec.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { parseColumn, readableRows } from '../state/document-sum.ts';
import { timestamp } from '../state/events.ts';
import { formatReference, isShortName, parseReference, withDefaultTag } from './reference.ts';

/** An image for one platform, and where its content is. */
export interface ListEntry {
  mediaType: string;
  digest: Digest;
  size: number;
  platform: ListPlatform;
  annotations: Record<string, string>;
  source: { imageId: string } | { reference: string };
}

export interface ListPlatform extends Platform {
  'os.version'?: string;
  'os.features'?: string[];
  features?: string[];
}

/** Several images under one name; it lives here until it is pushed. */
export interface ManifestList {
  id: string;
  /** `domain/path:tag`, normalised, newest first. */
  names: string[];
  createdAt: string;
  annotations: Record<string, string>;
  entries: ListEntry[];
  /** The image that it is about. */
  subject?: ListSubject;
}

export interface ListSubject {
  mediaType: string;
  digest: Digest;
  size: number;
}

type ListDocument = Pick<ManifestList, 'annotations' | 'entries' | 'subject'>;

export function createList(db: Database, name: string, annotations: Record<string, string>): ManifestList {
  const list = { id: newId(), names: [name], createdAt: timestamp(), annotations, entries: [] };
  transaction(db, () => {
    if (findList(db, name) !== undefined)
      throw new AlreadyExistsError(`manifest list ${name} exists`, { hint: 'use --amend to add to it' });
    const image = db.prepare('SELECT image_id FROM image_names WHERE name = ?').pluck().get(name);
    if (image !== undefined)
      throw new AlreadyExistsError(`name ${name} is in use by image ${String(image).slice(0, 12)}`, {
        hint: 'choose another name, or take it away from the image with untag',
      });
    db.prepare('INSERT INTO manifest_lists (id, document, created_at) VALUES (?, ?, ?)').run(
      list.id,
      documentOf(list),
      list.createdAt,
    );
    nameList(db, list.id, name);
  });
  return list;
}

/** By name, id or the beginning of one. */
export function findList(db: Database, nameOrId: string): ManifestList | undefined {
  const byName = db
    .prepare(
      'SELECT * FROM manifest_lists WHERE id = ? OR id = (SELECT list_id FROM manifest_list_names WHERE name = ?)',
    )
    .get(nameOrId, nameOrId);
  if (byName !== undefined) return toList(db, byName as Row);
  if (!/^[0-9a-f]+$/.test(nameOrId)) return undefined;
  const rows = db
    .prepare('SELECT * FROM manifest_lists WHERE id >= ? AND id < ? LIMIT 2')
    .all(nameOrId, `${nameOrId}g`) as Row[];
  return rows.length === 1 && rows[0] !== undefined ? toList(db, rows[0]) : undefined;
}

/** As typed: a name without a registry may be one of this machine, or of docker.io. */
export function lookUpList(db: Database, typed: string): ManifestList | undefined {
  const byId = findList(db, typed.replace(/^sha256:/, ''));
  if (byId !== undefined || /^[0-9a-f]{64}$/.test(typed) || typed.includes('@')) return byId;
  for (const name of spellingsOf(typed)) {
    const list = findList(db, name);
    if (list !== undefined) return list;
  }
  return undefined;
}

/** The name of the list that was meant; '' when it was found by its id. */
export function nameOfList({ names }: ManifestList, typed: string): string {
  return spellingsOf(typed).find((name) => names.includes(name)) ?? '';
}

function spellingsOf(typed: string): string[] {
  const spellings = isShortName(typed) ? [`localhost/${typed}`, typed] : [typed];
  return spellings.map((spelling) => formatReference(withDefaultTag(parseReference(spelling))));
}

/** Newest first. */
export function allLists(db: Database): ManifestList[] {
  const rows = db.prepare('SELECT * FROM manifest_lists ORDER BY created_at DESC, id').all() as Row[];
  return readableRows(rows, (row) => toList(db, row));
}

/** One more name (normalised), taken from the list or image that had it. */
export function nameList(db: Database, id: string, name: string): void {
  transaction(db, () =>
    db
      .prepare(
        `INSERT INTO manifest_list_names (name, list_id, added_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET list_id = excluded.list_id, added_at = excluded.added_at`,
      )
      .run(name, id, timestamp()),
  );
}

export function unnameList(db: Database, name: string): void {
  transaction(db, () => db.prepare('DELETE FROM manifest_list_names WHERE name = ?').run(name));
}

/** `change` gets the list as it is now; all of it in one transaction. */
export function changeList(
  db: Database,
  id: string,
  change: (list: ManifestList) => ManifestList,
): ManifestList {
  return transaction(db, () => {
    const list = findList(db, id);
    if (list === undefined) throw new NotFoundError('image', id, { message: `manifest list ${id} is gone` });
    const next = change(list);
    db.prepare('UPDATE manifest_lists SET document = ? WHERE id = ?').run(documentOf(next), list.id);
    return next;
  });
}

export function deleteList(db: Database, id: string): void {
  transaction(db, () => {
    db.prepare('DELETE FROM manifest_list_names WHERE list_id = ?').run(id);
    db.prepare('DELETE FROM manifest_lists WHERE id = ?').run(id);
  });
}

/** An entry of the same digest takes the old one's place. */
export function withEntries(list: ManifestList, added: readonly ListEntry[]): ManifestList {
  const digests = new Set(added.map(({ digest }) => digest));
  return { ...list, entries: [...list.entries.filter(({ digest }) => !digests.has(digest)), ...added] };
}

export type IndexFormat = 'oci' | 'v2s2';

/** The document that a registry gets: docker's when all its images are docker's. */
export function indexDocument(
  { annotations, entries, subject }: ListDocument,
  wanted?: IndexFormat,
): { text: string; mediaType: string } {
  const allDocker =
    entries.length > 0 && entries.every(({ mediaType }) => mediaType === MEDIA.dockerManifest);
  const format = wanted ?? (allDocker && subject === undefined ? 'v2s2' : 'oci');
  if (format === 'v2s2' && subject !== undefined)
    throw new InvalidSpecError('a list of format v2s2 cannot have a subject', { hint: 'use --format oci' });
  if (format === 'v2s2' && !allDocker && entries.length > 0)
    throw new InvalidSpecError('a list of format v2s2 cannot hold OCI images', { hint: 'use --format oci' });
  const mediaType = format === 'oci' ? MEDIA.ociIndex : MEDIA.dockerManifestList;
  const hasAny = (members: Record<string, string>) => format === 'oci' && Object.keys(members).length > 0;
  const document = {
    schemaVersion: 2,
    mediaType,
    manifests: entries.map((entry) => ({
      mediaType: entry.mediaType,
      size: entry.size,
      digest: entry.digest,
      platform: entry.platform,
      ...(hasAny(entry.annotations) ? { annotations: entry.annotations } : {}),
    })),
    ...(subject === undefined ? {} : { subject }),
    ...(hasAny(annotations) ? { annotations } : {}),
  };
  return { text: JSON.stringify(document, undefined, 4), mediaType };
}

function documentOf({ annotations, entries, subject }: ManifestList): string {
  return JSON.stringify({ annotations, entries, subject });
}

function toList(db: Database, row: Row): ManifestList {
  const id = String(row['id']);
  const names = db
    .prepare('SELECT name FROM manifest_list_names WHERE list_id = ? ORDER BY added_at DESC, name')
    .pluck()
    .all(id) as string[];
  const document = parseColumn<ListDocument>(row, 'document', `manifest list ${titleOf({ id, names })}`);
  return { id, names, createdAt: String(row['created_at']), ...document };
}

/** For messages. */
export function titleOf({ id, names }: Pick<ManifestList, 'id' | 'names'>): string {
  return names[0] ?? id.slice(0, 12);
}
