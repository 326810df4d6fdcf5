import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError } from '../base/errors.ts';
import { MNT_DETACH, type Syscalls } from '../native/syscalls.ts';
import type { RootfsPlan } from './drivers/driver.ts';
import { idMapText } from './id-owners.ts';
import type { StoreLayout } from './layout.ts';
import type { HostRoot, OverlayPlaces } from './store.ts';

/** Whether it is used as it lies there, so that the driver has no part in it. */
export function isBare(directory: HostRoot | undefined): directory is HostRoot {
  return directory !== undefined && !directory.overlay;
}

/** Idempotent. Returns where the files are: the directory itself, unless their owners have to be shown differently. */
export function mountBare(system: Syscalls, { path, idMaps }: HostRoot, containerDir: string): string {
  if (idMaps === undefined) return path;
  const target = mappedPlace(containerDir);
  unmountBare(system, containerDir);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  try {
    system.bindIdmapped(path, target, idMapText(idMaps.uids), idMapText(idMaps.gids));
  } catch (error) {
    rmdirSync(target);
    throw error;
  }
  return target;
}

/** Nothing mounted is fine. */
export function unmountBare(system: Syscalls, containerDir: string): void {
  const target = mappedPlace(containerDir);
  if (!existsSync(target)) return;
  try {
    system.umount(target, MNT_DETACH);
  } catch {
    // A start was killed before it was mounted.
  }
  rmdirSync(target);
}

function mappedPlace(containerDir: string): string {
  return join(containerDir, 'mapped');
}

/** Nobody notes what is changed there. */
export function refuseBare(directory: HostRoot | undefined): void {
  if (isBare(directory))
    throw new UnsupportedError(`what a container changes in its root ${directory.path} is not known`, {
      hint: 'with :O after --rootfs changes are kept apart',
    });
}

/** Of a lower directory, relative to the base: no layer is called so. */
export const ITSELF = '.';

/** As if the directory were a layer. */
export function planOver(layout: StoreLayout, { lower, upper, work, target }: OverlayPlaces): RootfsPlan {
  return {
    diff: upper,
    work,
    merged: target,
    lowerDirs: [ITSELF],
    base: lower,
    empty: layout.empty,
    options: [],
    readOnly: false,
    mountLabel: undefined,
  };
}
