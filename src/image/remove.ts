import { ConflictError, InUseError, NotFoundError, TspodError } from '../base/errors.ts';
import type { Database } from '../state/db.ts';
import type { ImageRecord, Store } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import { deleteList, lookUpList, type ManifestList, unnameList } from './manifest-list.ts';
import { dockerNoSuchImage, lookUpImage, resolveImage } from './resolve.ts';
import type { ShortNamePolicy } from './short-names.ts';

export interface RemoveContext {
  store: Store;
  db?: Database | undefined;
  /** Ids of the containers made from an image. */
  containersUsing: (imageId: string) => readonly string[];
  /** Asked to stop and remove them when the removal is forced. */
  removeContainers: (containerIds: readonly string[]) => Promise<void>;
  /** What `image mount` has mounted of an image that is to go. */
  unmount: (imageId: string) => Promise<void>;
}

export interface RemoveOptions {
  /** Removes all names, and containers that use the image. */
  force?: boolean | undefined;
  /** An image that is not there is no failure. */
  ignore?: boolean | undefined;
  shortNames?: ShortNamePolicy | undefined;
}

export interface RemoveReport {
  /** Names taken away, in order. */
  untagged: string[];
  /** Ids of images that are gone. */
  deleted: string[];
  /** One per name that could not be removed; the others were. */
  errors: TspodError[];
}

/**
 * `rmi`: a name of an image with several names is only taken away; the last one, or an id, deletes the image unless
 * containers use it. Goes on after a failure. Layers that nothing needs any more are deleted at the end.
 */
export async function removeImages(
  context: RemoveContext,
  names: readonly string[],
  options: RemoveOptions = {},
): Promise<RemoveReport> {
  const report: RemoveReport = { untagged: [], deleted: [], errors: [] };
  for (const name of names) {
    try {
      await removeOne(context, name, { options, report });
    } catch (error) {
      if (!(error instanceof TspodError)) throw error;
      report.errors.push(error);
    }
  }
  if (report.deleted.length > 0) await context.store.layers.removeUnused({ inBackground: true });
  return report;
}

/** Gives an image one more name (normalised), taking it from the image that had it. */
export function tagImage(store: Store, db: Database | undefined, wish: { id: string; name: string }): void {
  changeImages(
    db,
    () => store.images.setName(wish.id, wish.name),
    () => [imageEvent('tag', wish.id, wish.name)],
  );
}

/** Takes names away, all of them when none is given. The image stays, even without a name. */
export async function untagImage(
  context: Pick<RemoveContext, 'store' | 'db'>,
  name: string,
  names: readonly string[],
): Promise<void> {
  const { store, db } = context;
  const list = db === undefined ? undefined : await listNamed(store, db, name);
  if (db !== undefined && list !== undefined) {
    for (const one of names.length === 0 ? list.names : namesOfList(list, name, names)) unnameList(db, one);
    return;
  }
  const { image } = await resolveImage(store.images, name);
  refuseReadOnly(image, 'untag');
  const wanted: string[] = [];
  for (const one of names) {
    const found = await lookUpImage(store.images, one);
    if (found === undefined || found.image.id !== image.id || found.name === '') {
      throw new NotFoundError('image', one, { message: `${one}: tag not known for image ${name}` });
    }
    wanted.push(found.name);
  }
  for (const one of names.length === 0 ? [...image.names] : wanted) {
    untag({ store, db }, image.id, one);
  }
}

/** An image of that name or id comes first. */
async function listNamed(store: Store, db: Database, name: string): Promise<ManifestList | undefined> {
  const image = await lookUpImage(store.images, name);
  return image === undefined ? lookUpList(db, name) : undefined;
}

function namesOfList(list: ManifestList, name: string, wanted: readonly string[]): string[] {
  return wanted.map((one) => {
    const full = list.names.find((each) => spells(each, one));
    if (full !== undefined) return full;
    throw new NotFoundError('image', one, { message: `${one}: tag not known for image ${name}` });
  });
}

/** Whether somebody who types `text` may mean the full name. */
function spells(name: string, text: string): boolean {
  const tagged = /:[^/]*$/.test(text) ? text : `${text}:latest`;
  return name === tagged || name.endsWith(`/${tagged}`);
}

interface Removal {
  options: RemoveOptions;
  report: RemoveReport;
}

async function removeOne(context: RemoveContext, text: string, { options, report }: Removal): Promise<void> {
  const { store } = context;
  const found = await lookUpImage(store.images, text, { shortNames: options.shortNames });
  if (found === undefined) {
    const list = context.db === undefined ? undefined : lookUpList(context.db, text);
    if (context.db !== undefined && list !== undefined) {
      removeOneList(context.db, { list, text }, { options, report });
      return;
    }
    if (options.ignore || options.force) return;
    throw new NotFoundError('image', text, {
      message: `${text}: image not known`,
      docker: dockerNoSuchImage(text),
    });
  }
  const { image } = found;
  const isName = image.names.includes(found.name);
  if (isName && image.readOnlyStore === undefined && image.names.length > 1) {
    untag(context, image.id, found.name);
    report.untagged.push(found.name);
    return;
  }
  if (!isName && image.names.length > 1 && !options.force) {
    throw hasSeveralNames(image.id, image.names);
  }
  refuseReadOnly(image, 'remove');
  await freeFromContainers(context, image, options);
  await context.unmount(image.id);
  const names = [...image.names];
  changeImages(
    context.db,
    () => store.images.remove(image.id),
    () => [
      ...names.map((name) => imageEvent('untag', image.id, name)),
      imageEvent('remove', image.id, names[0] ?? text),
    ],
  );
  report.untagged.push(...names);
  report.deleted.push(image.id);
}

function removeOneList(
  db: Database,
  { list, text }: { list: ManifestList; text: string },
  { options, report }: Removal,
): void {
  const { id, names } = list;
  const isName = !id.startsWith(text.replace(/^sha256:/, ''));
  if (isName && names.length > 1) {
    const name = names.find((one) => spells(one, text)) ?? text;
    unnameList(db, name);
    report.untagged.push(name);
    return;
  }
  if (names.length > 1 && !options.force) throw hasSeveralNames(id, names);
  deleteList(db, id);
  report.untagged.push(...names);
  report.deleted.push(id);
}

function refuseReadOnly({ id, readOnlyStore }: ImageRecord, what: 'remove' | 'untag'): void {
  if (readOnlyStore === undefined) return;
  throw new ConflictError(`cannot ${what} read-only image ${JSON.stringify(id)}: it is in ${readOnlyStore}`, {
    hint: `its owner can, with --root ${readOnlyStore}`,
  });
}

function hasSeveralNames(id: string, names: readonly string[]): ConflictError {
  return new ConflictError(
    `unable to delete image ${JSON.stringify(id)} by ID with more than one tag (${names.join(', ')}): please force removal`,
  );
}

async function freeFromContainers(
  context: RemoveContext,
  image: ImageRecord,
  options: RemoveOptions,
): Promise<void> {
  const users = context.containersUsing(image.id);
  if (users.length === 0) return;
  if (!options.force) {
    throw new InUseError(
      `image used by ${users.join(', ')}: image is in use by a container: remove the container first, or force the removal of both`,
      {
        docker: `conflict: unable to delete ${image.id.slice(0, 12)} (must be forced) - image is being used by container ${users[0]?.slice(0, 12)}`,
      },
    );
  }
  await context.removeContainers(users);
}

function untag(context: Pick<RemoveContext, 'store' | 'db'>, id: string, name: string): void {
  changeImages(
    context.db,
    () => context.store.images.removeName(name),
    () => [imageEvent('untag', id, name)],
  );
}
