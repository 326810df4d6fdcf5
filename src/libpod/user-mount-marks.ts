import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Libpod } from './context.ts';

/** Marks of the containers that are mounted for the user: the container's own end leaves such a mount alone. */

export function markUserMount(libpod: Libpod, id: string): void {
  mkdirSync(directory(libpod), { recursive: true, mode: 0o700 });
  writeFileSync(mark(libpod, id), '');
}

export function isMountedForUser(libpod: Libpod, id: string): boolean {
  return existsSync(mark(libpod, id));
}

export function forgetUserMount(libpod: Libpod, id: string): void {
  rmSync(mark(libpod, id), { force: true });
}

/** Ids of containers, which may be gone. */
export function markedUserMounts(libpod: Libpod): string[] {
  return existsSync(directory(libpod)) ? readdirSync(directory(libpod)) : [];
}

/** Gone after a reboot, as the mounts are. */
function directory(libpod: Libpod): string {
  return join(libpod.paths.runRoot, 'mounted');
}

function mark(libpod: Libpod, id: string): string {
  return join(directory(libpod), id);
}
