import { constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import { turns } from '../base/turns.ts';
import { lookUpImage } from '../image/resolve.ts';
import { type ContainerRecord, findContainer } from '../libpod/container.ts';
import { idsOfContainer } from '../libpod/container-ids.ts';
import { lockContainer } from '../libpod/container-lock.ts';
import { rootfsOptions } from '../libpod/rootfs-options.ts';
import { type Change, copyChanges, unionChanges } from '../storage/changes.ts';
import type { ImageRecord } from '../storage/store.ts';
import { collected } from '../storage/collected.ts';
import { storeLayout } from '../storage/layout.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { Engine } from './engine.ts';

export interface FileChange {
  kind: Change['kind'];
  /** Absolute. */
  path: string;
}

/** What a name may be of; undefined: a container before an image. */
export type DiffKind = 'container' | 'image' | undefined;

/** What every start makes or mounts; nobody has changed it. */
const OF_EVERY_START = new Set(
  '/ /dev /proc /sys /run /run/.containerenv /run/secrets /.dockerenv /etc/hostname /etc/hosts /etc/resolv.conf /etc/mtab'.split(
    ' ',
  ),
);

/** What a container has changed in its image, or an image's last layer in those below, in the order of the paths. */
export async function diffObject(engine: Engine, name: string, kind: DiffKind): Promise<FileChange[]> {
  const record = kind === 'image' ? undefined : findContainer(engine.db, name);
  if (record !== undefined) return containerChanges(engine, record);
  const { topLayerId: top } = await imageToDiff(engine, name, kind);
  return top === undefined ? [] : told(await layerChanges(engine, top));
}

/** Of what is no container. */
export async function imageToDiff(engine: Engine, name: string, kind: DiffKind): Promise<ImageRecord> {
  if (kind === 'container')
    throw new NotFoundError('container', name, {
      message: `no container with name or ID ${JSON.stringify(name)} found: no such container`,
      docker: `No such container: ${name}`,
    });
  const { store, options } = engine;
  const found = await lookUpImage(store.images, name, { shortNames: options.asDocker ? 'docker' : 'podman' });
  if (found === undefined)
    throw new NotFoundError('image', name, {
      message: `no container or image ${JSON.stringify(name)} found`,
      docker: `No such container: ${name}`,
    });
  return found.image;
}

async function layerChanges({ store, syscalls }: Engine, topLayerId: string): Promise<Iterable<Change>> {
  const { layers } = storeLayout(store.graphRoot);
  const [top, ...lower] = store.layers.chain(topLayerId).map(({ id }) => join(id, 'diff'));
  if (top === undefined) return [];
  const diff = join(layers, top);
  // Layers of that driver are full copies.
  if (store.driverName !== 'vfs') return unionChanges(syscalls, { diff, base: layers, lowerDirs: lower });
  const original = lower[0] === undefined ? undefined : join(layers, lower[0]);
  return copyChanges(syscalls, { copy: diff, original, idMaps: undefined });
}

export async function containerChanges(engine: Engine, record: ContainerRecord): Promise<FileChange[]> {
  return told(await engine.store.rootfs.changes(rootfsOptions(record)));
}

/** As it is shown. */
export async function told(changes: Iterable<Change>): Promise<FileChange[]> {
  const turn = turns();
  const found: FileChange[] = [];
  for (const change of changes) {
    await turn();
    found.push(...changeOf(change));
  }
  return found;
}

function changeOf({ kind, path }: Change): FileChange[] {
  return isOfEveryStart(path) ? [] : [{ kind, path: `/${Buffer.from(path, 'latin1').toString('utf8')}` }];
}

/** A change's path, relative and latin1 text for bytes. */
export function isOfEveryStart(path: string): boolean {
  return OF_EVERY_START.has(`/${path}`);
}

/** The tar of a container's whole file system, without what is mounted into it. */
export async function exportContainer(engine: Engine, record: ContainerRecord): Promise<Iterable<Buffer>> {
  const { rootfs } = engine.store;
  const lock = await lockContainer(engine, record.id);
  const wasMounted = rootfs.isMounted(record.id);
  const close = (): void => {
    if (!wasMounted) rootfs.unmount(record.id);
    lock.release();
  };
  try {
    const merged = await rootfs.mount(rootfsOptions(record));
    const rootFd = openSync(merged, constants.O_RDONLY | constants.O_DIRECTORY);
    const where = `in container ${record.name}`;
    const tree = new FileTree({ system: engine.syscalls, rootFd, mounts: [], readOnly: true, where });
    // One that runs keeps its file system mounted; holding its lock would keep others from stopping it.
    if (wasMounted) lock.release();
    return closing(
      collected(archiveTree(tree, '', { name: '', ids: idsOfContainer(engine, record).toContainer })),
      () => {
        tree.close();
        if (!wasMounted) close();
      },
    );
  } catch (error) {
    close();
    throw error;
  }
}

function* closing(pieces: Iterable<Buffer>, close: () => void): Generator<Buffer, void> {
  try {
    yield* pieces;
  } finally {
    close();
  }
}
