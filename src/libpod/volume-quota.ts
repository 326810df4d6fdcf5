import { readdirSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { UnsupportedError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { isInUserNamespace } from '../storage/drivers/user-namespace.ts';
import {
  drawProjectAt,
  explainQuota,
  freeProjectAt,
  limitProject,
  ownProject,
  type ProjectLimits,
  type QuotaPlace,
  refuseWithoutQuota,
} from '../storage/project-quota.ts';
import type { Libpod } from './context.ts';
import { volumeLimits } from './volume-options.ts';
import type { VolumeRecord } from './volume.ts';

/*
 * Volumes that may hold so much and no more (`o=size=…,inodes=…`). Their directory has a project of the file system's, which everything
 * made in it inherits. No row says which: whoever removes the directory asks it, also one that no row names.
 */

/** Throws UnsupportedError where nothing would keep the limits; `directory`: on the file system where the volume will be. */
export function refuseLimits(libpod: Libpod, name: string, directory: string): void {
  const what = whatOf(name);
  if (isInUserNamespace())
    throw new UnsupportedError(
      `${what} cannot be limited: project quotas are root's, and the kernel gives them to no user`,
      { hint: 'a volume in memory can be limited: --opt type=tmpfs --opt o=size=100m' },
    );
  refuseWithoutQuota({ directory, what });
  // A kernel without quotas, or a file system that is told about nowhere.
  drawProjectAt({ system: libpod.syscalls, directory, what });
}

/** Of a directory that has just been made: the project comes first, so that a kill leaves no limits that nobody finds. */
export function limitVolume(libpod: Libpod, name: string, directory: string, limits: ProjectLimits): void {
  const place: QuotaPlace = { system: libpod.syscalls, directory, what: whatOf(name) };
  const project = ownProject(place) ?? drawProjectAt(place);
  try {
    libpod.syscalls.setProject(directory, project);
    crashPoint('volume-after-project');
    limitProject(place, project, limits);
  } catch (error) {
    throw explainQuota(error, place);
  }
  crashPoint('volume-after-limits');
}

/** Before a container starts with it: a limit that is not in force is none. */
export function enforceVolumeLimits(libpod: Libpod, { name, mountpoint, options }: VolumeRecord): void {
  const limits = volumeLimits(options);
  if (limits === undefined) return;
  const place: QuotaPlace = { system: libpod.syscalls, directory: mountpoint, what: whatOf(name) };
  refuseWithoutQuota(place);
  if (ownProject(place) === undefined && readdirSync(mountpoint).length > 0)
    log('warn', `what volume ${name} has had before it was copied does not count against its limits`);
  limitVolume(libpod, name, mountpoint, limits);
}

/** To be called before the directory goes. None is fine. */
export function freeVolumeLimits({ syscalls: system }: Pick<Libpod, 'syscalls'>, directory: string): void {
  const project = ownProject({ system, directory });
  if (project !== undefined) freeProjectAt({ system, directory }, project);
}

function whatOf(name: string): string {
  return `volume ${name}`;
}
