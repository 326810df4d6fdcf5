import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { MS_NODEV, MS_RDONLY, type OverlayMount, type Syscalls } from '../../native/syscalls.ts';
import { unionChanges } from '../changes.ts';
import { idMapText } from '../id-owners.ts';
import type { RootfsPlan, StorageDriver } from './driver.ts';
import { makeTopDirectory } from './layer-directory.ts';
import { isMountPoint, unmountAll } from './mount-point.ts';

export interface OverlaySettings {
  inUserNamespace: boolean;
  /** Of every mount; `userxattr` decides how whiteouts are kept. */
  mountOptions: readonly string[];
}

/** The kernel's overlay file system. */
export function overlayDriver(system: Syscalls, settings: OverlaySettings): StorageDriver {
  const { inUserNamespace, mountOptions } = settings;
  const userXattr = mountOptions.includes('userxattr');
  const mount = (plan: RootfsPlan): void => {
    const { options, flags } = splitOptions([...mountOptions, ...plan.options]);
    const lowerDirs = plan.lowerDirs.length === 0 ? [plan.empty] : [...plan.lowerDirs];
    // Without an upper directory the kernel wants two lower ones.
    if (plan.readOnly && lowerDirs.length === 1) lowerDirs.push(plan.empty);
    if (plan.mountLabel !== undefined) options.push(`context="${plan.mountLabel}"`);
    if (options.includes('volatile')) forgetUncleanUnmount(plan.work);
    const overlay: OverlayMount = {
      target: plan.merged,
      lowerDirs,
      base: plan.base,
      options: plan.readOnly ? options.filter((option) => option !== 'volatile') : options,
      flags: plan.readOnly ? flags | MS_RDONLY : flags,
      ...(plan.readOnly ? {} : { upperDir: plan.diff, workDir: plan.work }),
      ...(plan.idMaps === undefined || plan.lowerDirs.length === 0
        ? {}
        : { uidMap: idMapText(plan.idMaps.uids), gidMap: idMapText(plan.idMaps.gids) }),
    };
    system.mountOverlay(overlay);
  };
  return {
    name: 'overlay',
    inUserNamespace,
    whiteouts: {
      kind: 'overlay',
      opaqueXattrs: [userXattr ? 'user.overlay.opaque' : 'trusted.overlay.opaque'],
    },
    needsParent: false,
    mapsIds: true,
    prepareLayer: (diff) => makeTopDirectory(diff, undefined),
    isPrepared: isUnionPrepared,
    prepareRootfs: prepareUnion,
    mount,
    mountNow: mount,
    ownDirectory: (plan) => plan.diff,
    withOwnDirectory: (plan, diff) => ({ ...plan, diff }),
    changes: async (plan) => unionChanges(system, plan),
    unmount: (merged) => unmountAll(system, merged),
    isMounted: isMountPoint,
  };
}

/** `merged` is made last, the others may have been lost with a power cut or by hand. */
export function isUnionPrepared(plan: RootfsPlan): boolean {
  return [plan.merged, plan.diff, plan.work, plan.empty].every((directory) => existsSync(directory));
}

/** The directories of a container on a union mount. Its own layer looks like the one below at the top. */
export function prepareUnion(plan: RootfsPlan): void {
  const [top] = plan.lowerDirs;
  try {
    makeTopDirectory(plan.diff, top === undefined ? undefined : join(plan.base, top), plan.idMaps);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  for (const directory of [plan.work, plan.merged]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  // The mount starts in `base`, which only exists once there was a layer.
  if (!existsSync(plan.base)) mkdirSync(plan.base, { recursive: true, mode: 0o700 });
  if (!existsSync(plan.empty)) mkdirSync(plan.empty, { recursive: true, mode: 0o755 });
}

/** Those that are flags of mount(2) rather than words for the file system. */
function splitOptions(all: readonly string[]): { options: string[]; flags: number } {
  const options = all.filter((option) => option !== 'nodev' && option !== 'dev');
  // Without storage.conf the peers allow device nodes, which the container's device rules and capabilities govern.
  return { options, flags: all.lastIndexOf('nodev') > all.lastIndexOf('dev') ? MS_NODEV : 0 };
}

/** A volatile mount that was not unmounted (a power cut) refuses to be mounted again; it was given up knowingly. */
function forgetUncleanUnmount(work: string): void {
  const mark = join(work, 'work/incompat/volatile');
  if (existsSync(mark)) rmSync(mark, { recursive: true });
}
