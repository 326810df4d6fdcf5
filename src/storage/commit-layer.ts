import { createHash } from 'node:crypto';
import { constants, mkdirSync, statSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { IntegrityError, StorageError } from '../base/errors.ts';
import { type Digest, newLayerId } from '../base/ids.ts';
import { turns } from '../base/turns.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type Syscalls } from '../native/syscalls.ts';
import type { Change } from './changes.ts';
import { copyTree } from './copy-tree.ts';
import { layerParts } from './diff-layer.ts';
import type { RootfsPlan } from './drivers/driver.ts';
import { ownersInside } from './id-owners.ts';
import { chainIdOf, LAYER_COLUMNS, type LayerStoreContext, layerChain, toLayerRecord } from './layers.ts';
import { type LayerPaths, layerPaths } from './layout.ts';
import {
  abandonLayer,
  explainFull,
  insertIncomplete,
  makeLayerDirectory,
  publishLayer,
  syncFileSystem,
} from './new-layer.ts';
import { removeThroughTrash } from './removal.ts';
import { planFor } from './rootfs.ts';
import type { CommitLayerOptions, LayerRecord } from './store.ts';
import { TarSplitWriter } from './tar/tar-split.ts';
import { pathBytes } from './unpack/entry-path.ts';
import { diskUsage } from './usage.ts';

/**
 * Makes a layer of what a container has changed. Its files are read once, for the digest; with `take` nothing is written but the
 * recipe of its tar, and the directory changes its place.
 */
export async function commitLayer(
  context: LayerStoreContext,
  options: CommitLayerOptions,
): Promise<LayerRecord> {
  const { db, layout, system } = context;
  const parent = options.topLayerId === undefined ? undefined : layerChain(db, options.topLayerId)[0];
  const id = newLayerId();
  const paths = layerPaths(layout, id);
  insertIncomplete(db, { id, diffId: '', chainId: '' });
  crashPoint('commit-after-row');
  let winner: { id: string; isOurs: boolean };
  try {
    makeLayerDirectory(layout, paths.dir);
    const { diffId, tarSize } = await fill(context, options, paths);
    options.check?.();
    const chainId = chainIdOf(parent, diffId);
    const diskSize = await diskUsage(system, paths.dir);
    await syncFileSystem(system, paths.dir);
    crashPoint('commit-before-complete');
    db.prepare('UPDATE layers SET diff_id = ?, tar_size = ?, disk_size = ? WHERE id = ?').run(
      diffId,
      tarSize,
      diskSize,
      id,
    );
    winner = publishLayer(context, id, { chainId, parentId: parent?.id });
  } catch (error) {
    await abandonLayer(context, id);
    throw explainFull(error, layout, `what container ${options.containerId.slice(0, 12)} has changed`);
  }
  if (!winner.isOurs) await removeThroughTrash(system, layout, paths.dir);
  const made = toLayerRecord(db.prepare(`SELECT ${LAYER_COLUMNS} FROM layers WHERE id = ?`).get(winner.id));
  if (made !== undefined) return made;
  throw new StorageError(`layer ${winner.id} was removed by another process while it was being completed`, {
    hint: 'try again',
  });
}

async function fill(
  context: LayerStoreContext,
  options: CommitLayerOptions,
  paths: LayerPaths,
): Promise<{ diffId: Digest; tarSize: number }> {
  const { driver, system } = context;
  const { containerId, topLayerId, mode, idMaps } = options;
  let plan = planFor(context, { containerId, topLayerId });
  const own = driver.ownDirectory(plan);
  // Files of a user namespace have owners that no layer may have: only a copy can be given others.
  const isCopy = mode === 'copy' || idMaps !== undefined;
  if (isCopy) {
    mkdirSync(paths.diff, { mode: 0o700 });
    const owner = idMaps === undefined ? {} : { owner: ownersInside(idMaps) };
    await copyTree(system, own, paths.diff, { hardLinks: false, ...owner });
    plan = driver.withOwnDirectory(plan, paths.diff);
  } else if (driver.isMounted(plan.merged)) {
    throw new IntegrityError(
      `container ${containerId.slice(0, 12)} is still mounted: its files cannot be taken`,
    );
  }
  const all = await driver.changes(plan);
  const changes = withoutTouched(
    dated(all, { system, plan, modifiedAt: options.modifiedAt }),
    options.touched ?? new Set(),
  );
  const result = await writeRecipe(system, changes, paths.tarSplit, options);
  if (!isCopy) system.renameat2(AT_FDCWD, own, AT_FDCWD, paths.diff, 0);
  return result;
}

/** The tar passes by: its digest is taken, and what is needed to make it again from the files is kept. */
async function writeRecipe(
  system: Syscalls,
  changes: Iterable<Change>,
  tarSplit: string,
  options: CommitLayerOptions,
): Promise<{ diffId: Digest; tarSize: number }> {
  const hash = createHash('sha256');
  const split = new TarSplitWriter(tarSplit);
  let tarSize = 0;
  let ordinal = 0;
  // Other work of this process goes on while a large layer is read.
  const turn = turns();
  let isFinished = false;
  try {
    for (const { bytes, file } of layerParts(system, changes)) {
      hash.update(bytes);
      tarSize += bytes.length;
      if (file === undefined) split.literal(bytes);
      else {
        if (file.offset === 0) ordinal += 1;
        split.content(ordinal, file.path, file.offset, bytes.length);
      }
      await turn();
      options.signal?.throwIfAborted();
    }
    isFinished = true;
    split.finish(tarSize);
  } finally {
    if (!isFinished) split.close();
  }
  return { diffId: `sha256:${hash.digest('hex')}`, tarSize };
}

/** Without a top directory that is as below; and all with one time, where that is wanted. */
function* dated(
  changes: Iterable<Change>,
  { system, plan, modifiedAt }: { system: Syscalls; plan: RootfsPlan; modifiedAt: number | undefined },
): Generator<Change, void> {
  for (const change of changes) {
    if (change.path === '' && isLikeBelow(change, plan)) continue;
    if (modifiedAt === undefined || change.root === undefined || change.stat === undefined) {
      yield change;
      continue;
    }
    const { atimeSec, atimeNsec } = { atimeSec: modifiedAt, atimeNsec: 0 };
    const times = { atimeSec, atimeNsec, mtimeSec: modifiedAt, mtimeNsec: 0 };
    const file = Buffer.concat([Buffer.from(`${change.root}/`), Buffer.from(pathBytes(change.path))]);
    system.utimensat(AT_FDCWD, file, times, AT_SYMLINK_NOFOLLOW);
    yield { ...change, stat: { ...change.stat, mtimeSec: modifiedAt, mtimeNsec: 0 } };
  }
}

/** Leaves those directories out in which nothing has changed. */
function* withoutTouched(changes: Iterable<Change>, touched: ReadonlySet<string>): Generator<Change, void> {
  let pending: Change[] = [];
  for (const change of changes) {
    pending = pending.filter(({ path }) => change.path.startsWith(`${path}/`));
    if (change.kind === 'changed' && !change.isOpaque && touched.has(change.path)) {
      pending.push(change);
      continue;
    }
    yield* pending;
    pending = [];
    yield change;
  }
}

/** The top directory is always there; it is told of only when it is another than that of the layer below, or what one is without. */
function isLikeBelow({ stat }: Change, plan: RootfsPlan): boolean {
  const [top] = plan.lowerDirs;
  if (stat === undefined) return false;
  const below = top === undefined ? { uid: 0, gid: 0, mode: 0o555 } : statSync(`${plan.base}/${top}`);
  const mode = constants.S_IFDIR | (below.mode & 0o7777);
  return stat.uid === below.uid && stat.gid === below.gid && stat.mode === mode;
}
