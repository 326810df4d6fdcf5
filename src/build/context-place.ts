import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, ownIdentity } from '../native/process-identity.ts';
import type { Syscalls } from '../native/syscalls.ts';

/** Where contexts that do not lie on this machine are put for the time of a build. */
export interface ContextPlace {
  system: Syscalls;
  /** The store's directory of temporary files. */
  temporary: string;
  signal: AbortSignal | undefined;
}

const PREFIX = 'build-context-';

/** The name says whose it is, so that anybody may remove it once its owner is gone. */
export function makeContextDirectory({ temporary }: ContextPlace): string {
  const { pid, startTime } = ownIdentity();
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const path = join(temporary, `${PREFIX}${randomBytes(4).toString('hex')}-${pid}-${startTime}`);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

export async function removeStaleContexts({ temporary, system }: ContextPlace): Promise<void> {
  for (const name of namesIn(temporary)) {
    const match = /-(\d+)-(\d+)$/.exec(name);
    if (!name.startsWith(PREFIX) || isAlive({ pid: Number(match?.[1]), startTime: match?.[2] })) continue;
    await system.removeTree(join(temporary, name));
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
