import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf, NotFoundError, WrongStateError } from '../base/errors.ts';
import { startTimeOf } from '../native/process-identity.ts';
import { FileTree, type TreeMount } from '../storage/tree/file-tree.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { type ContainerIds, idsOfContainer } from './container-ids.ts';
import { mountedSource } from './mount-sources.ts';
import { observe } from './observe.ts';
import { filesHolder } from './release.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { settle } from './settle.ts';

/** A container's files as its processes see them, or would see them. */
export interface ContainerFiles {
  tree: FileTree;
  record: ContainerRecord;
  ids: ContainerIds;
  close(): void;
}

const ROOT = 0o10000000 | constants.O_DIRECTORY;

/**
 * Those of a running container through its first process, with everything that is mounted there; those of another from its root file
 * system and the volumes and directories that it mounts (not the ones in memory). The latter cannot start before `close`.
 */
export async function openContainerFiles(libpod: Libpod, id: string): Promise<ContainerFiles> {
  for (;;) {
    const record = getContainer(libpod.db, id);
    if (record === undefined) throw new NotFoundError('container', id);
    const now = observe(libpod, record);
    if (now.state === 'running' || now.state === 'paused') {
      const fd = openProcessRoot(now);
      if (fd !== undefined) return await viewOf(libpod, now, fd, () => undefined);
    }
    const stopped = await openStopped(libpod, id);
    if (stopped !== undefined) return stopped;
  }
}

/** Undefined when its process has ended. */
function openProcessRoot({ pid, facts }: ContainerRecord): number | undefined {
  if (pid === undefined) return undefined;
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/root`, ROOT);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
  if (facts.pidStart === undefined || startTimeOf(pid) === facts.pidStart) return fd;
  closeSync(fd);
  return undefined;
}

/** Undefined when it has been started meanwhile. */
async function openStopped(libpod: Libpod, id: string): Promise<ContainerFiles | undefined> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    if (record.state === 'running' || record.state === 'paused') {
      lock.release();
      return undefined;
    }
    if (record.state === 'removing') throw new WrongStateError(`container ${record.name} is being removed`);
    const { rootfs } = libpod.store;
    const wasMounted = rootfs.isMounted(id);
    const letGo = await holdVolumes(libpod, record);
    const fd = openSync(await rootfs.mount(rootfsOptions(record)), ROOT);
    return await viewOf(libpod, record, fd, () => {
      if (!wasMounted) rootfs.unmount(id);
      letGo();
      lock.release();
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Returns what lets them go again; the container's next end does so too. */
async function holdVolumes(libpod: Libpod, { id, spec }: ContainerRecord): Promise<() => void> {
  if (!spec.mounts.some(({ type }) => type === 'volume')) return () => undefined;
  const mounts = await import('./volume-mounts.ts');
  const holder = filesHolder(id);
  await mounts.holdVolumes(libpod, spec, holder);
  return () => void mounts.letVolumesGo(libpod, holder).catch(() => undefined);
}

async function viewOf(
  libpod: Libpod,
  record: ContainerRecord,
  rootFd: number,
  end: () => void,
): Promise<ContainerFiles> {
  const isLive = record.state === 'running' || record.state === 'paused';
  const common = { system: libpod.syscalls, where: `in container ${record.name}` };
  try {
    const bare = new FileTree({ ...common, rootFd, mounts: [], readOnly: false });
    const readOnly = record.spec.readOnlyRootfs;
    const tree = isLive
      ? bare
      : new FileTree({ ...common, rootFd, mounts: await mountsOf(libpod, record, bare), readOnly });
    return {
      tree,
      record,
      ids: idsOfContainer(libpod, record),
      close() {
        tree.close();
        end();
      },
    };
  } catch (error) {
    closeSync(rootFd);
    end();
    throw error;
  }
}

/** Where its mounts would appear. One whose source is not there is left out: the container could not start with it. */
async function mountsOf(libpod: Libpod, record: ContainerRecord, bare: FileTree): Promise<TreeMount[]> {
  const rootfs = bare.rootPath;
  const ids = idsOfContainer(libpod, record);
  const user = ids.toHost(ids.user(rootfs));
  const mounts: TreeMount[] = [];
  try {
    for (const mount of record.spec.mounts) {
      const found = await mountedSource(libpod, mount, { rootfs, user });
      if (found === undefined) continue;
      const readOnly = ['ro', 'O'].some((word) => mount.options.includes(word));
      const place = { path: '', ...found, readOnly };
      mounts.push(place);
      place.path = bare.makeDirectories(mount.destination);
    }
    return mounts;
  } catch (error) {
    for (const { fd } of mounts) closeSync(fd);
    throw error;
  }
}
