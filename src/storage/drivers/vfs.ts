import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { MNT_DETACH, MS_BIND, MS_RDONLY, MS_REMOUNT, type Syscalls } from '../../native/syscalls.ts';
import { copyChanges } from '../changes.ts';
import { copyTree } from '../copy-tree.ts';
import { shiftOwner } from '../id-owners.ts';
import type { RootfsPlan, StorageDriver } from './driver.ts';
import { makeTopDirectory } from './layer-directory.ts';
import { isListedMount } from './mount-point.ts';

/**
 * No union at all: every layer holds everything below it, and every container a full copy. Layers are never written to once
 * they are complete, so they share unchanged files with the layer below by hard links; containers share nothing.
 */
export function vfsDriver(system: Syscalls, settings: { inUserNamespace: boolean }): StorageDriver {
  return {
    name: 'vfs',
    inUserNamespace: settings.inUserNamespace,
    whiteouts: { kind: 'delete' },
    needsParent: true,
    mapsIds: true,
    async prepareLayer(diff, parentDiff) {
      makeTopDirectory(diff, parentDiff);
      if (parentDiff !== undefined) await copyTree(system, parentDiff, diff, { hardLinks: true });
    },
    isPrepared: (plan) => existsSync(plan.merged),
    async prepareRootfs(plan) {
      const [top] = plan.lowerDirs;
      // The copy is made under another name: `merged` is either whole or not there.
      const partial = join(dirname(plan.merged), 'partial');
      const { idMaps } = plan;
      try {
        makeTopDirectory(partial, top === undefined ? undefined : join(plan.base, top), idMaps);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        rmSync(partial, { recursive: true });
        makeTopDirectory(partial, top === undefined ? undefined : join(plan.base, top), idMaps);
      }
      if (top !== undefined) {
        const owner =
          idMaps === undefined ? {} : { owner: (uid: number, gid: number) => shiftOwner(idMaps, uid, gid) };
        await copyTree(system, join(plan.base, top), partial, { hardLinks: false, ...owner });
      }
      system.renameat2(-100, partial, -100, plan.merged, 0);
    },
    mount(plan) {
      mkdirSync(plan.merged, { recursive: true });
      if (plan.readOnly) bindReadOnly(system, plan);
    },
    ownDirectory: (plan) => plan.merged,
    withOwnDirectory: (plan, merged) => ({ ...plan, merged }),
    changes(plan) {
      const [top] = plan.lowerDirs;
      const original = top === undefined ? undefined : join(plan.base, top);
      return copyChanges(system, { copy: plan.merged, original, idMaps: plan.idMaps });
    },
    unmount(merged) {
      while (isListedMount(merged)) system.umount(merged, MNT_DETACH);
    },
    isMounted: isListedMount,
  };
}

/** A layer without a container: it holds everything below it. */
function bindReadOnly(system: Syscalls, { lowerDirs, base, empty, merged }: RootfsPlan): void {
  const [top] = lowerDirs;
  system.mount(top === undefined ? empty : join(base, top), merged, '', MS_BIND, '');
  system.mount('', merged, '', MS_BIND | MS_REMOUNT | MS_RDONLY, '');
}
