import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crashPoint } from '../base/crash-point.ts';
import { newLayerId } from '../base/ids.ts';
import { type KernelLock, tryAcquireLock } from '../native/kernel-lock.ts';
import { type Row, statement, transaction } from '../state/db.ts';
import { timestamp } from '../state/events.ts';
import { diskUsage } from '../storage/usage.ts';
import type { Build, StepPlace } from './build.ts';
import type { BuildHost } from './build-host.ts';
import { copyInto } from './copy-into.ts';
import { openRoot } from './in-root.ts';
import type { CacheMount } from './instruction.ts';
import { resolveSource } from './make-plan.ts';
import { wholeOf } from './mount-bind.ts';
import { findTree } from './open-tree.ts';
import type { RunMountPlan } from './run-mounts.ts';
import { listSources } from './source-tree.ts';

/** A directory that outlives the build, below the graph root. Its content is no part of what the step depends on. */
export async function planCache(build: Build, place: StepPlace, mount: CacheMount): Promise<RunMountPlan> {
  const { id, target, readOnly, sharing, from, source, mode, uid, gid } = mount;
  return {
    facts: ['cache', id, target, readOnly, sharing, from ?? null, source, mode, uid, gid],
    async attach(surroundings) {
      const { directory, lock, isNew } = await takeDirectory(build, mount);
      surroundings.onClose(() => giveBack(build.host, directory, lock));
      if (isNew) await makeFilled(build, place, { mount, directory });
      surroundings.bind(directory, target, { readOnly });
    },
  };
}

interface Taken {
  directory: string;
  lock: KernelLock;
  isNew: boolean;
}

const POLL_MS = 50;

/** `shared`: whoever comes; `locked`: one after the other; `private`: another directory while one is in use. */
async function takeDirectory(build: Build, { id, sharing }: CacheMount): Promise<Taken> {
  const { host, signal } = build;
  for (;;) {
    signal.throwIfAborted();
    for (const row of rowsOf(host, id)) {
      const taken = tryTake(host, row, sharing);
      if (taken !== undefined) return taken;
      if (sharing !== 'private') break;
    }
    if (sharing === 'private' || rowsOf(host, id).length === 0) {
      addRow(host, id, sharing);
      continue;
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

function rowsOf(host: BuildHost, id: string): string[] {
  const rows = statement(host.db, 'SELECT id FROM build_mounts WHERE key = ? ORDER BY created_at, id').all(
    id,
  ) as Row[];
  return rows.map((row) => String(row['id']));
}

/** Another may have made the first one meanwhile. */
function addRow(host: BuildHost, key: string, sharing: CacheMount['sharing']): void {
  const now = timestamp();
  const insert = statement(
    host.db,
    'INSERT INTO build_mounts (id, key, created_at, used_at) VALUES (?, ?, ?, ?)',
  );
  transaction(
    host.db,
    () => {
      if (sharing === 'private' || rowsOf(host, key).length === 0) insert.run(newLayerId(), key, now, now);
    },
    false,
  );
}

function tryTake(host: BuildHost, id: string, sharing: CacheMount['sharing']): Taken | undefined {
  const lock = tryAcquireLock(mountLock(host, id), {
    mode: sharing === 'shared' ? 'shared' : 'exclusive',
    what: `cache mount ${id}`,
  });
  if (lock === undefined) return undefined;
  const isThere = statement(host.db, 'SELECT 1 FROM build_mounts WHERE id = ?').get(id) !== undefined;
  if (!isThere) {
    // Pruned between the look and the lock.
    lock.release();
    return undefined;
  }
  const directory = mountDirectory(host, id);
  const isNew = !existsSync(directory);
  return { directory, lock, isNew };
}

export function mountDirectory(host: Pick<BuildHost, 'paths'>, id: string): string {
  return join(host.paths.graphRoot, 'build-mounts', id);
}

export function mountLock(host: Pick<BuildHost, 'paths'>, id: string): string {
  return join(host.paths.locks, `build-mount-${id}`);
}

interface NewCache {
  mount: CacheMount;
  directory: string;
}

/** Appears whole, by one of those who share it. */
async function makeFilled(build: Build, place: StepPlace, { mount, directory }: NewCache): Promise<void> {
  const { host, signal } = build;
  const id = basename(directory);
  const path = `${mountLock(host, id)}-fill`;
  let lock: KernelLock | undefined;
  while (lock === undefined) {
    signal.throwIfAborted();
    lock = tryAcquireLock(path, { mode: 'exclusive', what: `first content of cache mount ${id}` });
    if (lock === undefined) await delay(POLL_MS, undefined, { signal });
  }
  try {
    if (existsSync(directory)) return;
    const unfinished = `${directory}.new`;
    await host.syscalls.removeTree(unfinished);
    await fill(build, place, { mount, directory: unfinished });
    crashPoint('build-cache-mount-filled');
    renameSync(unfinished, directory);
  } finally {
    rmSync(path, { force: true });
    lock.release();
  }
}

async function fill(build: Build, place: StepPlace, { mount, directory }: NewCache): Promise<void> {
  const { syscalls } = build.host;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (mount.from !== undefined) {
    const origin = resolveSource(build.plan, place.stage.index, mount.from);
    const tree = await (await findTree(build, origin, place.state.platform)).open();
    try {
      const { sources } = wholeOf(mount.source);
      const listing = await listSources(syscalls, tree, { sources, parents: false, excluded: undefined });
      const root = openRoot(syscalls, directory);
      try {
        await copyInto(syscalls, root, {
          tree,
          listing,
          destination: '/',
          owner: undefined,
          mode: undefined,
        });
      } finally {
        closeSync(root);
      }
    } finally {
      await tree.close();
    }
  }
  chownSync(directory, mount.uid, mount.gid);
  chmodSync(directory, mount.mode);
}

async function giveBack(host: BuildHost, directory: string, lock: KernelLock): Promise<void> {
  const id = basename(directory);
  try {
    const size = await diskUsage(host.syscalls, directory);
    const update = statement(host.db, 'UPDATE build_mounts SET size = ?, used_at = ? WHERE id = ?');
    transaction(host.db, () => update.run(size, timestamp(), id), false);
  } finally {
    lock.release();
  }
}

/** Removes those that are in no use, asked about from the longest unused on; returns bytes freed. */
export async function pruneCacheMounts(
  host: Pick<BuildHost, 'db' | 'paths' | 'syscalls'>,
  mayGo: (row: { id: string; key: string; usedAt: string }) => boolean,
): Promise<{ ids: string[]; bytes: number }> {
  const rows = host.db.prepare('SELECT id, key, used_at FROM build_mounts ORDER BY used_at').all() as Row[];
  const ids: string[] = [];
  let bytes = 0;
  for (const row of rows) {
    const id = String(row['id']);
    if (!mayGo({ id, key: String(row['key']), usedAt: String(row['used_at']) })) continue;
    const lock = tryAcquireLock(mountLock(host, id), { mode: 'exclusive', what: `cache mount ${id}` });
    if (lock === undefined) continue;
    try {
      const directory = mountDirectory(host, id);
      bytes += await diskUsage(host.syscalls, directory);
      await host.syscalls.removeTree(`${directory}.new`);
      await host.syscalls.removeTree(directory);
      transaction(host.db, () => host.db.prepare('DELETE FROM build_mounts WHERE id = ?').run(id));
      rmSync(lock.path, { force: true });
      ids.push(id);
    } finally {
      lock.release();
    }
  }
  return { ids, bytes };
}
