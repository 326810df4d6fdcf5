import { crashPoint } from '../base/crash-point.ts';
import { UnsupportedError } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { StorageDriver } from './drivers/driver.ts';
import type { StoreLayout } from './layout.ts';
import {
  drawProjectAt,
  explainQuota,
  freeProjectAt,
  limitProject,
  type QuotaPlace,
  refuseWithoutQuota,
} from './project-quota.ts';
import type { RootfsQuota } from './store.ts';

interface QuotaContext {
  system: Syscalls;
  layout: StoreLayout;
  driver: StorageDriver;
}

/** Throws UnsupportedError naming what is missing. Two that draw the same at once meet at the row, which is unique. */
export function drawProject(context: QuotaContext): number {
  const { driver } = context;
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
  return drawProjectAt(placeOf(context));
}

/**
 * The directories that `make` makes in the container's get the project; the container's own, where its log is, does not keep it. To be
 * called again after a crash in it.
 */
export async function makeCounted(
  context: QuotaContext,
  { dir, quota }: { dir: string; quota: RootfsQuota },
  make: () => Promise<void>,
): Promise<void> {
  const { system } = context;
  try {
    limitProject(placeOf(context), quota.project, quota);
    crashPoint('quota-after-limits');
    system.setProject(dir, quota.project);
  } catch (error) {
    throw explainQuota(error, placeOf(context));
  }
  crashPoint('quota-after-project');
  await make();
  system.setProject(dir, 0);
}

/** Before each mount: a limit that is not in force is none, and the disk may have been mounted without quotas in between. */
export function enforceQuota(context: QuotaContext, dir: string, quota: RootfsQuota): void {
  const place = placeOf(context);
  refuseWithoutQuota(place);
  try {
    context.system.setProject(dir, 0);
    limitProject(place, quota.project, quota);
  } catch (error) {
    throw explainQuota(error, place);
  }
}

export function freeProject({ system, layout }: QuotaContext, project: number): void {
  freeProjectAt({ system, directory: layout.graphRoot }, project);
}

function placeOf({ system, layout }: QuotaContext): QuotaPlace {
  return { system, directory: layout.graphRoot, what: 'the size of a container' };
}
