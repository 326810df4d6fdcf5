import { randomInt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { errnoOf, messageOf, UnsupportedError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { Syscalls } from '../native/syscalls.ts';

/** Where something is limited. */
export interface QuotaPlace {
  system: Pick<Syscalls, 'setProject' | 'projectOf' | 'setProjectLimits' | 'isProjectFree'>;
  /** On the file system that is to count; has to be there. */
  directory: string;
  /** For messages, as `the size of a container`. */
  what: string;
}

export interface ProjectLimits {
  /** Bytes. */
  size?: number;
  inodes?: number;
}

/** Podman and docker count up from 1 and from what their directories have; those of people are small, too. */
const FIRST_PROJECT = 0x40000000;
const LAST_PROJECT = 0x7fffffff;
const DRAWS = 100;

/** A number that nothing on the file system has. Throws UnsupportedError naming what is missing. */
export function drawProjectAt(place: QuotaPlace): number {
  const { system, directory } = place;
  refuseWithoutQuota(place);
  try {
    for (let i = 0; i < DRAWS; i++) {
      const project = randomInt(FIRST_PROJECT, LAST_PROJECT);
      if (system.isProjectFree(directory, project)) return project;
    }
  } catch (error) {
    throw explainQuota(error, place);
  }
  throw new UnsupportedError(`the file system of ${directory} has no free project: too many have a quota`);
}

/** One that was drawn here, of the directory of `place`; undefined: none, or somebody else's. */
export function ownProject({
  system,
  directory,
}: Pick<QuotaPlace, 'system' | 'directory'>): number | undefined {
  try {
    const project = system.projectOf(directory);
    return project >= FIRST_PROJECT && project <= LAST_PROJECT ? project : undefined;
  } catch {
    // The file system has none, or there is no such directory.
    return undefined;
  }
}

export function limitProject(
  place: QuotaPlace,
  project: number,
  { size = 0, inodes = 0 }: ProjectLimits,
): void {
  place.system.setProjectLimits(place.directory, project, size, inodes);
}

/** The kernel forgets the number with the last of its files. */
export function freeProjectAt({ system, directory }: Omit<QuotaPlace, 'what'>, project: number): void {
  try {
    system.setProjectLimits(directory, project, 0, 0);
  } catch (error) {
    // Without quotas, none is in the way either.
    log('debug', `cannot take back the quota of project ${project}: ${messageOf(error)}`);
  }
}

/** What the kernel said, with what is missing. */
export function explainQuota(error: unknown, place: QuotaPlace): unknown {
  if (errnoOf(error) === undefined) return error;
  refuseWithoutQuota(place);
  return new UnsupportedError(
    `${place.what} cannot be limited: the file system of ${place.directory} keeps no project quotas: ${messageOf(error)}`,
    { cause: error, hint: HINTS['xfs'] ?? '' },
  );
}

const HINTS: Readonly<Record<string, string>> = {
  xfs: 'mount it with the option prjquota, from the first mount on: remounting is not enough (the root file system: rootflags=prjquota for the kernel)',
  ext4: 'while it is not mounted: tune2fs -O project,quota -Q prjquota DEVICE; then mount it with the option prjquota',
};

/** Ext4 takes limits, and counts, also while it enforces none. */
export function refuseWithoutQuota({ directory, what }: Omit<QuotaPlace, 'system'>): void {
  const mount = mountOf(directory);
  if (mount === undefined || mount.options.some((option) => option === 'prjquota' || option === 'pquota'))
    return;
  const { type, target } = mount;
  const hint = HINTS[type];
  const why =
    hint === undefined
      ? `is on ${type}, which has no project quotas`
      : `is on ${type} at ${target}, which is mounted without project quotas (prjquota)`;
  throw new UnsupportedError(`${what} cannot be limited: ${directory} ${why}`, {
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
