import { randomInt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf, messageOf, UnsupportedError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { StorageDriver } from './drivers/driver.ts';
import type { StoreLayout } from './layout.ts';
import type { RootfsQuota } from './store.ts';

interface QuotaContext {
  system: Syscalls;
  layout: StoreLayout;
  driver: StorageDriver;
}

/** Podman and docker count up from 1 and from what their directories have; those of people are small, too. */
const FIRST_PROJECT = 0x40000000;
const LAST_PROJECT = 0x7fffffff;
const DRAWS = 100;

/** Throws UnsupportedError naming what is missing. Two that draw the same at once meet at the row, which is unique. */
export function drawProject({ system, layout, driver }: QuotaContext): number {
  if (driver.name === 'vfs')
    throw new UnsupportedError(
      'the size of a container cannot be limited: the storage driver vfs keeps no quotas',
      {
        hint: 'use the driver overlay',
      },
    );
  if (driver.inUserNamespace)
    throw new UnsupportedError(
      "the size of a container cannot be limited: project quotas are root's, and the kernel gives them to no user",
      { hint: 'keep what grows in a volume, or in a --tmpfs with a size' },
    );
  const { graphRoot } = layout;
  refuseWithoutQuota(graphRoot);
  try {
    for (let i = 0; i < DRAWS; i++) {
      const project = randomInt(FIRST_PROJECT, LAST_PROJECT);
      if (system.isProjectFree(graphRoot, project)) return project;
    }
  } catch (error) {
    throw explain(error, graphRoot);
  }
  throw new UnsupportedError(`the file system of ${graphRoot} has no free project: too many have a quota`);
}

/**
 * The directories that `make` makes in the container's get the project; the container's own, where its log is, does not keep it. To be
 * called again after a crash in it.
 */
export async function makeCounted(
  { system, layout }: QuotaContext,
  { dir, quota }: { dir: string; quota: RootfsQuota },
  make: () => Promise<void>,
): Promise<void> {
  try {
    system.setProjectLimits(layout.graphRoot, quota.project, quota.size ?? 0, quota.inodes ?? 0);
    crashPoint('quota-after-limits');
    system.setProject(dir, quota.project);
  } catch (error) {
    throw explain(error, layout.graphRoot);
  }
  crashPoint('quota-after-project');
  await make();
  system.setProject(dir, 0);
}

/** Before each mount: a limit that is not in force is none, and the disk may have been mounted without quotas in between. */
export function enforceQuota({ system, layout }: QuotaContext, dir: string, quota: RootfsQuota): void {
  // Ext4 takes limits, and counts, also while it enforces none.
  refuseWithoutQuota(layout.graphRoot);
  try {
    system.setProject(dir, 0);
    system.setProjectLimits(layout.graphRoot, quota.project, quota.size ?? 0, quota.inodes ?? 0);
  } catch (error) {
    throw explain(error, layout.graphRoot);
  }
}

/** The kernel forgets the number with the last of its files. */
export function freeProject({ system, layout }: QuotaContext, project: number): void {
  try {
    system.setProjectLimits(layout.graphRoot, project, 0, 0);
  } catch (error) {
    // Where there are no quotas any more, none is in the way either.
    log('debug', `cannot take back the quota of project ${project}: ${messageOf(error)}`);
  }
}

function explain(error: unknown, graphRoot: string): unknown {
  if (errnoOf(error) === undefined) return error;
  refuseWithoutQuota(graphRoot);
  return new UnsupportedError(
    `the size of a container cannot be limited: the file system of ${graphRoot} keeps no project quotas: ${messageOf(error)}`,
    { cause: error, hint: HINTS['xfs'] ?? '' },
  );
}

const HINTS: Readonly<Record<string, string>> = {
  xfs: 'mount it with the option prjquota, from the first mount on: remounting is not enough (the root file system: rootflags=prjquota for the kernel)',
  ext4: 'while it is not mounted: tune2fs -O project,quota -Q prjquota DEVICE; then mount it with the option prjquota',
};

function refuseWithoutQuota(graphRoot: string): void {
  const mount = mountOf(graphRoot);
  if (mount === undefined || mount.options.some((option) => option === 'prjquota' || option === 'pquota'))
    return;
  const { type, target } = mount;
  const hint = HINTS[type];
  const why =
    hint === undefined
      ? `is on ${type}, which has no project quotas`
      : `is on ${type} at ${target}, which is mounted without project quotas (prjquota)`;
  throw new UnsupportedError(`the size of a container cannot be limited: ${graphRoot} ${why}`, {
    hint: hint ?? 'put it on xfs or ext4 that is mounted with the option prjquota',
  });
}

/** By the device, which tells also what a path leads to. */
function mountOf(path: string): { type: string; target: string; options: string[] } | undefined {
  const { dev } = statSync(path, { bigint: true });
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device, , target = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if (device === `${major}:${minor}`) return { type, target, options: options.split(',') };
  }
  return undefined;
}
