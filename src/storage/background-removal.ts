import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Syscalls } from '../native/syscalls.ts';
import type { StoreLayout } from './layout.ts';
import { emptyTrash, listNames } from './removal.ts';

/**
 * Empties the trash without letting anybody wait: a process of its own goes on when this one has ended. If it is killed, the next
 * prune finishes its work.
 */
export async function emptyTrashInBackground(system: Syscalls, layout: StoreLayout): Promise<void> {
  const paths = listNames(layout.trash).map((name) => join(layout.trash, name));
  if (paths.length === 0) return;
  if (hasMountsBelow(layout.trash) || !(await startRemoval(paths))) await emptyTrash(system, layout);
}

/** `rm` crosses mounts. */
function hasMountsBelow(directory: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory}/`);
}

/** True when it has started. */
function startRemoval(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('rm', ['-rf', '--', ...paths], { detached: true, stdio: 'ignore', cwd: '/' });
    child.once('error', () => resolve(false));
    child.once('spawn', () => resolve(true));
    child.unref();
  });
}
