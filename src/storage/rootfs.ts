import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf, messageOf, StorageError } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { Database } from '../state/db.ts';
import type { RootfsPlan, StorageDriver } from './drivers/driver.ts';
import { belongsToOthers, SQUASHING } from './additional-stores.ts';
import { layerChain } from './layers.ts';
import { type ContainerPaths, containerPaths, layerPaths, type StoreLayout } from './layout.ts';
import { removeThroughTrash } from './removal.ts';
import { isBare, ITSELF, mountBare, planOver, refuseBare, unmountBare } from './host-root.ts';
import { drawProject, enforceQuota, freeProject, makeCounted } from './quota.ts';
import { shiftedLayers } from './shifted-layers.ts';
import { lazyStream } from './lazy-stream.ts';
import type { RootfsOptions, RootfsStore } from './store.ts';
import { contentSize } from './usage.ts';

export interface RootfsContext {
  db: Database;
  layout: StoreLayout;
  driver: StorageDriver;
  system: Syscalls;
  /** Whether mounts show all files as the caller's own. */
  squashes: boolean;
}

/** The file systems of containers. The caller's row for the container comes before `create` and goes before `remove`. */
export function rootfsStore(context: RootfsContext): RootfsStore {
  const { layout, driver, system } = context;
  const pathsOf = (id: string): ContainerPaths => containerPaths(layout, id);
  const create = async (options: RootfsOptions): Promise<RootfsPlan> => {
    const plan = planFor(context, options);
    if (plan.lentBy !== undefined) refuseUnwritable(context, plan.lentBy);
    if (isBare(options.directory)) {
      mkdirSync(pathsOf(options.containerId).dir, { recursive: true, mode: 0o700 });
      return plan;
    }
    if (!driver.isPrepared(plan)) {
      mkdirSync(pathsOf(options.containerId).dir, { recursive: true, mode: 0o700 });
      const { dir } = pathsOf(options.containerId);
      const make = async (): Promise<void> => await driver.prepareRootfs(plan);
      if (options.quota === undefined) await make();
      else await makeCounted(context, { dir, quota: options.quota }, make);
      crashPoint('rootfs-after-create');
    }
    return plan;
  };
  const mount = async (options: RootfsOptions): Promise<string> => {
    const { merged, dir } = pathsOf(options.containerId);
    if (isBare(options.directory)) return mountBare(system, options.directory, dir);
    if (driver.isMounted(merged)) return merged;
    const plan = await create(options);
    if (options.quota !== undefined) enforceQuota(context, dir, options.quota);
    try {
      await mountPlan(context, plan);
    } catch (error) {
      throw explainMount(error, `container ${options.containerId.slice(0, 12)}`, plan);
    }
    crashPoint('rootfs-after-mount');
    return merged;
  };
  // Of this process, which may be asked for one twice at a time; others are kept away by the container's lock.
  const mounting = new Map<string, Promise<string>>();
  return {
    async create(options) {
      await create(options);
    },
    mount(options) {
      const { containerId } = options;
      const running = mounting.get(containerId);
      if (running !== undefined) return running;
      const mounted = mount(options).finally(() => mounting.delete(containerId));
      mounting.set(containerId, mounted);
      return mounted;
    },
    unmount(id) {
      const { merged, dir } = pathsOf(id);
      driver.unmount(merged);
      unmountBare(system, dir);
    },
    isMounted: (id) => driver.isMounted(pathsOf(id).merged),
    async mountLayers(topLayerId, target) {
      if (driver.isMounted(target)) return;
      const plan = layersPlan(context, topLayerId, target);
      mkdirSync(plan.base, { recursive: true, mode: 0o700 });
      for (const directory of [plan.empty, target]) mkdirSync(directory, { recursive: true, mode: 0o755 });
      try {
        await driver.mount(plan);
      } catch (error) {
        throw explainMount(error, `layer ${topLayerId ?? 'none'}`, plan);
      }
    },
    unmountLayers: (target) => driver.unmount(target),
    async mountOver(places) {
      const plan = planOver(layout, places);
      await driver.prepareRootfs(plan);
      try {
        await driver.mount(plan);
      } catch (error) {
        throw explainMount(error, places.lower, plan);
      }
    },
    unmountOver: (target) => driver.unmount(target),
    hasLayersAt: (target) => driver.isMounted(target),
    remove(id, project) {
      const { dir, merged } = pathsOf(id);
      driver.unmount(merged);
      unmountBare(system, dir);
      if (project !== undefined) freeProject(context, project);
      crashPoint('rootfs-before-remove');
      return removeThroughTrash(system, layout, dir);
    },
    async changes(options) {
      refuseBare(options.directory);
      return driver.changes(planFor(context, options));
    },
    diff(options) {
      refuseBare(options.directory);
      const changes = driver.changes(planFor(context, options));
      // Who never reads it hears nothing of a failure.
      changes.catch(() => {});
      return lazyStream(async () => (await import('./diff-layer.ts')).diffLayer(system, await changes));
    },
    drawProject: () => drawProject(context),
    usage(id) {
      const paths = pathsOf(id);
      return contentSize(system, driver.name === 'vfs' ? paths.merged : paths.diff);
    },
  };
}

/** The kernel lets nobody write into the directories of owners that have no number here, and every container has some written. */
function refuseUnwritable({ driver, squashes }: RootfsContext, graphRoot: string): void {
  if (squashes || driver.name === 'vfs' || !belongsToOthers(graphRoot)) return;
  throw new StorageError(`the image lies in ${graphRoot}, which belongs to another user`, {
    hint: `containers on it need --storage-opt ${SQUASHING.join(' --storage-opt ')}, and a --root that is not in use`,
  });
}

async function mountPlan({ driver, system, layout }: RootfsContext, plan: RootfsPlan): Promise<void> {
  const { idMaps, ...rest } = plan;
  const isHostRoot = plan.lowerDirs[0] === ITSELF;
  if (idMaps === undefined || driver.mapsIds || isHostRoot) {
    try {
      await driver.mount(plan);
      return;
    } catch (error) {
      // The kernel is too old, the file system cannot, or we may not: that needs privileges over the disk's own file system.
      if (idMaps === undefined || isHostRoot || !CANNOT_MAP.includes(errnoOf(error) ?? '')) throw error;
    }
  }
  const ids = plan.lowerDirs.map((name) => dirname(name));
  await driver.mount({ ...rest, lowerDirs: await shiftedLayers({ system, layout }, ids, idMaps) });
}

const CANNOT_MAP = ['EPERM', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EOVERFLOW'];

/** Layers alone, read-only: there is nothing of a container. */
function layersPlan(
  { db, layout }: RootfsContext,
  topLayerId: string | undefined,
  target: string,
): RootfsPlan {
  const layers = topLayerId === undefined ? [] : layerChain(db, topLayerId);
  return {
    diff: '',
    work: '',
    merged: target,
    lowerDirs: layers.map(({ id }) => relative(layout.layers, layerPaths(layout, id).diff)),
    base: layout.layers,
    empty: layout.empty,
    options: [],
    readOnly: true,
    mountLabel: undefined,
  };
}

/** Where the container's directories are and what they stand on. */
export function planFor(
  { db, layout }: Pick<RootfsContext, 'db' | 'layout'>,
  options: RootfsOptions,
): RootfsPlan {
  const paths = containerPaths(layout, options.containerId);
  const { directory } = options;
  if (directory !== undefined)
    return {
      ...planOver(layout, {
        lower: directory.path,
        upper: paths.diff,
        work: paths.work,
        target: paths.merged,
      }),
      options: options.options ?? [],
      ...(directory.idMaps === undefined ? {} : { idMaps: directory.idMaps }),
    };
  const layers = options.topLayerId === undefined ? [] : layerChain(db, options.topLayerId);
  return {
    diff: paths.diff,
    work: paths.work,
    merged: paths.merged,
    lowerDirs: layers.map(({ id }) => relative(layout.layers, layerPaths(layout, id).diff)),
    base: layout.layers,
    empty: layout.empty,
    options: options.options ?? [],
    readOnly: options.readOnly ?? false,
    mountLabel: options.mountLabel,
    ...(options.idMaps === undefined ? {} : { idMaps: options.idMaps }),
    lentBy: layers.find(({ store }) => store !== undefined)?.store,
  };
}

function explainMount(error: unknown, what: string, plan: RootfsPlan): unknown {
  if (errnoOf(error) === undefined) return error;
  const missing = plan.lowerDirs.find((name) => !existsSync(join(plan.base, name)));
  const cause =
    missing === undefined ? messageOf(error) : `layer ${missing.split('/')[0]} has no directory in the store`;
  return new StorageError(`cannot mount the file system of ${what}: ${cause}`, {
    cause: error,
    ...(missing === undefined
      ? {}
      : { hint: 'run `tspod system check --repair`, then pull the image again' }),
  });
}
