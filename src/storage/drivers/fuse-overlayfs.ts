import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { errnoOf, messageOf, StorageError, UnsupportedError } from '../../base/errors.ts';
import type { Syscalls } from '../../native/syscalls.ts';
import { unionChanges } from '../changes.ts';
import type { StorageDriver } from './driver.ts';
import { makeTopDirectory } from './layer-directory.ts';
import { isMountPoint, unmountAll } from './mount-point.ts';
import { isUnionPrepared, prepareUnion } from './overlay.ts';

export interface FuseOverlaySettings {
  inUserNamespace: boolean;
  mountOptions: readonly string[];
  /** Name or path of the program. */
  program: string;
}

const TIMEOUT_MS = 20_000;
/** Words for the kernel's overlay that the program does not know. */
const KERNEL_ONLY = new Set([
  'userxattr',
  'metacopy=off',
  'redirect_dir=off',
  'redirect_dir=nofollow',
  'index=off',
  'nodev',
  'dev',
]);

/** The union file system in user space, for kernels that cannot mount overlay in a user namespace. */
export function fuseOverlayDriver(system: Syscalls, settings: FuseOverlaySettings): StorageDriver {
  const { inUserNamespace, mountOptions, program } = settings;
  return {
    name: 'fuse-overlayfs',
    inUserNamespace,
    whiteouts: {
      kind: 'overlay',
      opaqueXattrs: inUserNamespace
        ? ['user.fuseoverlayfs.opaque', 'user.overlay.opaque']
        : ['trusted.overlay.opaque'],
    },
    needsParent: false,
    mapsIds: false,
    prepareLayer: (diff) => makeTopDirectory(diff, undefined),
    isPrepared: isUnionPrepared,
    prepareRootfs: prepareUnion,
    mount(plan) {
      const lowerDirs = plan.lowerDirs.length === 0 ? [plan.empty] : plan.lowerDirs;
      const options = [`lowerdir=${lowerDirs.join(':')}`];
      if (plan.readOnly) options.push('ro');
      else options.push(`upperdir=${plan.diff}`, `workdir=${plan.work}`);
      if (plan.mountLabel !== undefined) options.push(`context="${plan.mountLabel}"`);
      options.push(...[...mountOptions, ...plan.options].filter((option) => !KERNEL_ONLY.has(option)));
      run(program, options, { target: plan.merged, base: plan.base });
    },
    ownDirectory: (plan) => plan.diff,
    withOwnDirectory: (plan, diff) => ({ ...plan, diff }),
    changes: (plan) => unionChanges(system, plan),
    unmount: (merged) => unmountAll(system, merged),
    isMounted(merged) {
      if (!isDead(merged)) return isMountPoint(merged);
      // Its process was killed: nothing can be read there any more, and the next mount starts another one.
      unmountAll(system, merged);
      return false;
    },
  };
}

function isDead(merged: string): boolean {
  try {
    statSync(merged);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ENOTCONN';
  }
}

function run(program: string, options: string[], place: { target: string; base: string }): void {
  const done = spawnSync(program, ['-o', options.join(','), place.target], {
    cwd: place.base,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (done.error !== undefined)
    throw new UnsupportedError(`cannot run ${program}: ${messageOf(done.error)}`, {
      cause: done.error,
      hint: 'install fuse-overlayfs, or choose another --storage-driver',
    });
  if (done.status !== 0)
    throw new StorageError(
      `${program} cannot mount ${place.target}: ${done.stderr.trim() || `status ${done.status}`}`,
    );
}
