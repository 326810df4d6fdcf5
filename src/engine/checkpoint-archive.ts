import {
  closeSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { syncDirectory } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { CHECKPOINT_FILES, checkpointPaths, treeAt, writePieces } from '../libpod/checkpoint-files.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { logPath } from '../libpod/container-paths.ts';
import { rootfsOptions } from '../libpod/rootfs-options.ts';
import type { Change } from '../storage/changes.ts';
import { collected } from '../storage/collected.ts';
import { layerParts } from '../storage/diff-layer.ts';
import { TAR_END } from '../storage/tar/tar-writer.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { isOfEveryStart } from './container-diff.ts';
import { forgetElsewhere, noteElsewhere } from '../libpod/elsewhere.ts';
import type { Engine } from './engine.ts';
import { openLayersView } from './layers-view.ts';
import { exportVolume } from './volume-archive.ts';

export type CheckpointCompression = 'gzip' | 'none' | 'zstd';

export interface ArchiveContents {
  /** Without what the container has changed in its root file system. */
  ignoreRootfs: boolean;
  /** Without the contents of its named volumes. */
  ignoreVolumes: boolean;
  preCheckpoint: boolean;
  withPrevious: boolean;
}

/**
 * Writes the checkpoint of a container as podman does: a tar with CRIU's images, the container's description, and, unless ignored, what it
 * has changed in its root file system and the contents of its volumes. The file appears when it is whole.
 */
export async function exportCheckpoint(
  engine: Engine,
  record: ContainerRecord,
  request: ArchiveContents & { path: string; compression: CheckpointCompression },
): Promise<void> {
  const { path, compression } = request;
  const unfinished = `${resolve(path)}.tmp-${process.pid}`;
  noteElsewhere(engine.db, { kind: 'file', key: unfinished, place: {} });
  try {
    await withArchive(engine, record, request, (pieces) =>
      pipeline(
        Readable.from(pieces, { objectMode: false }),
        compressor(compression),
        createWriteStream(unfinished, { mode: 0o600, flags: 'wx' }),
      ),
    );
    const fd = openSync(unfinished, 'r');
    fsyncSync(fd);
    closeSync(fd);
    crashPoint('checkpoint-before-archive');
    renameSync(unfinished, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    forgetElsewhere(engine.db, unfinished);
  }
}

function compressor(compression: CheckpointCompression): Transform {
  if (compression === 'gzip') return createGzip();
  return compression === 'zstd' ? createZstdCompress() : new PassThrough();
}

/** Has `use` read the pieces of the tar. What is only made for it lies with the container: it goes with it, or with the next archive. */
export async function withArchive<T>(
  engine: Engine,
  record: ContainerRecord,
  contents: ArchiveContents,
  use: (pieces: Iterable<Buffer>) => Promise<T>,
): Promise<T> {
  const extras = `${checkpointPaths(engine.paths, record.id).whole}.extras`;
  await engine.syscalls.removeTree(extras);
  mkdirSync(extras, { mode: 0o700 });
  try {
    if (!contents.ignoreRootfs) await writeRootfs(engine, record, extras);
    if (!contents.ignoreVolumes) await writeVolumes(engine, record, extras);
    copyLog(engine, record, extras);
    const { whole } = checkpointPaths(engine.paths, record.id);
    const own = [
      ...(contents.preCheckpoint || contents.withPrevious ? [CHECKPOINT_FILES.preImages] : []),
      ...(contents.preCheckpoint ? [] : [CHECKPOINT_FILES.images]),
      ...EXPORTED,
    ];
    return await use(
      collected(
        pieces(engine, [
          [whole, own],
          [extras, EXTRAS],
        ]),
      ),
    );
  } finally {
    await engine.syscalls.removeTree(extras);
  }
}

const EXPORTED = [
  CHECKPOINT_FILES.config,
  CHECKPOINT_FILES.spec,
  CHECKPOINT_FILES.network,
  CHECKPOINT_FILES.shm,
  CHECKPOINT_FILES.dumpStatistics,
];
const EXTRAS = [
  CHECKPOINT_FILES.log,
  CHECKPOINT_FILES.rootfs,
  CHECKPOINT_FILES.deleted,
  CHECKPOINT_FILES.volumes,
];

function* pieces(
  engine: Engine,
  parts: readonly (readonly [directory: string, names: readonly string[]])[],
): Generator<Buffer, void> {
  for (const [directory, names] of parts) {
    const tree = treeAt(engine, directory, 'of the checkpoint');
    try {
      for (const name of names)
        for (const piece of archiveTree(tree, name, { name })) if (piece !== TAR_END) yield piece;
    } finally {
      tree.close();
    }
  }
  yield TAR_END;
}

async function writeRootfs(engine: Engine, record: ContainerRecord, directory: string): Promise<void> {
  if (record.spec.rootfs !== undefined && !record.spec.rootfs.overlay) return;
  const added: Change[] = [];
  const deleted: string[] = [];
  for (const change of await engine.store.rootfs.changes(rootfsOptions(record))) {
    if (isOfEveryStart(change.path)) continue;
    if (change.root === undefined) deleted.push(absolute(change.path));
    else {
      if (change.isOpaque) deleted.push(...(await hiddenBelow(engine, record, change)));
      added.push({ ...change, isOpaque: false });
    }
  }
  if (added.length > 0) {
    const fd = openSync(join(directory, CHECKPOINT_FILES.rootfs), 'wx', 0o600);
    try {
      for (const { bytes } of layerParts(engine.syscalls, added))
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
  }
  if (deleted.length > 0)
    writeFileSync(join(directory, CHECKPOINT_FILES.deleted), JSON.stringify(deleted), { mode: 0o600 });
}

/** What the image has in a directory that the container has made anew, and the container has not. */
async function hiddenBelow(engine: Engine, record: ContainerRecord, change: Change): Promise<string[]> {
  const view = await openLayersView(engine, record.layerId);
  try {
    const tree = treeAt(engine, view.path, 'of the image');
    try {
      const fd = tree.openDirectory(change.path);
      if (fd === undefined) return [];
      const below = readdirSync(`/proc/self/fd/${fd}/.`, { encoding: 'buffer' });
      closeSync(fd);
      const own = new Set(namesNow(engine, change));
      return below
        .map((name) => name.toString('latin1'))
        .filter((name) => !own.has(name))
        .map((name) => absolute(`${change.path}/${name}`));
    } finally {
      tree.close();
    }
  } finally {
    view.close();
  }
}

function namesNow(engine: Engine, { root = '', path }: Change): string[] {
  const tree = treeAt(engine, root, 'of the container');
  try {
    const fd = tree.openDirectory(path);
    if (fd === undefined) return [];
    const names = readdirSync(`/proc/self/fd/${fd}/.`, { encoding: 'latin1' });
    closeSync(fd);
    return names;
  } finally {
    tree.close();
  }
}

function absolute(path: string): string {
  return `/${Buffer.from(path, 'latin1').toString('utf8')}`;
}

async function writeVolumes(engine: Engine, { spec }: ContainerRecord, directory: string): Promise<void> {
  const folder = join(directory, CHECKPOINT_FILES.volumes);
  for (const mount of spec.mounts) {
    if (mount.type !== 'volume' && mount.type !== 'image-volume') continue;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writePieces(join(folder, `${mount.name}.tar`), await exportVolume(engine, mount.name));
  }
}

function copyLog(engine: Engine, { id, spec }: ContainerRecord, directory: string): void {
  const path = logPath(engine.paths, id, spec);
  if (path === undefined || !existsSync(path) || !statSync(path).isFile()) return;
  copyFileSync(path, join(directory, CHECKPOINT_FILES.log));
}
