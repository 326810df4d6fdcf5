import { newLayerId } from '../base/ids.ts';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { StoreLayout } from './layout.ts';

/** Renames a directory of the store away, so that it is gone at once for everybody. Returns its new place; missing is fine. */
export function moveToTrash(layout: StoreLayout, path: string): string | undefined {
  const target = join(layout.trash, newLayerId());
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(path, target);
      return target;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      if (attempt > 0) return undefined;
      mkdirSync(layout.trash, { recursive: true, mode: 0o700 });
    }
  }
}

/** Moves to the trash at once, throwing when that fails, and deletes. */
export function removeThroughTrash(system: Syscalls, layout: StoreLayout, path: string): Promise<void> {
  const trashed = moveToTrash(layout, path);
  if (trashed === undefined) return Promise.resolve();
  crashPoint('trash-before-empty');
  return system.removeTree(trashed);
}

/** Deletes what crashed processes left in the trash; several may do it at once. Returns how many things there were. */
export async function emptyTrash(system: Syscalls, layout: StoreLayout): Promise<number> {
  const names = listNames(layout.trash);
  for (const name of names) await system.removeTree(join(layout.trash, name));
  return names.length;
}

/** Names in a directory; none when it is not there. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
