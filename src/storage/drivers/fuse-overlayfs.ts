import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { errnoOf, messageOf, StorageError, UnsupportedError } from '../../base/errors.ts';
import type { Syscalls } from '../../native/syscalls.ts';
import { unionChanges } from '../changes.ts';
import type { RootfsPlan, StorageDriver } from './driver.ts';
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
  const wordsFor = (plan: RootfsPlan): string[] => {
    const lowerDirs = plan.lowerDirs.length === 0 ? [plan.empty] : plan.lowerDirs;
    const options = [`lowerdir=${lowerDirs.join(':')}`];
    if (plan.readOnly) options.push('ro');
    else options.push(`upperdir=${plan.diff}`, `workdir=${plan.work}`);
    if (plan.mountLabel !== undefined) options.push(`context="${plan.mountLabel}"`);
    options.push(...[...mountOptions, ...plan.options].filter((option) => !KERNEL_ONLY.has(option)));
    return ['-o', options.join(','), plan.merged];
  };
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
    async mount(plan) {
      const { runProgram } = await import('../../base/run-program.ts');
      const done = await runProgram(program, wordsFor(plan), {
        cwd: plan.base,
        timeoutMs: TIMEOUT_MS,
      }).catch((error: unknown) => cannotRun(program, error));
      checkMounted(program, plan, { status: done.code, stderr: done.stderr });
    },
    mountNow(plan) {
      const done = spawnSync(program, wordsFor(plan), {
        cwd: plan.base,
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
      });
      if (done.error !== undefined) cannotRun(program, done.error);
      checkMounted(program, plan, done);
    },
    ownDirectory: (plan) => plan.diff,
    withOwnDirectory: (plan, diff) => ({ ...plan, diff }),
    changes: async (plan) => unionChanges(system, plan),
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

function cannotRun(program: string, error: unknown): never {
  throw new UnsupportedError(`cannot run ${program}: ${messageOf(error)}`, {
    cause: error,
    hint: 'install fuse-overlayfs, or choose another --storage-driver',
  });
}

function checkMounted(
  program: string,
  { merged }: RootfsPlan,
  { status, stderr }: { status: number | null; stderr: string },
): void {
  if (status !== 0)
    throw new StorageError(`${program} cannot mount ${merged}: ${stderr.trim() || `status ${status}`}`);
}
