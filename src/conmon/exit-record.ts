import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePaths } from './protocol.ts';

export interface ExitRecord {
  exitCode: number;
  oomKilled: boolean;
}

/** Directory of the exit files of all containers of a run root; each is named after the container. */
export function exitDirectory(runRoot: string): string {
  return join(runRoot, 'exits');
}

/** What the monitor left about a container's end; undefined while there is nothing. */
export function readExitRecord(runRoot: string, id: string, bundle: string): ExitRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(exitDirectory(runRoot), id), 'utf8');
  } catch {
    return undefined;
  }
  const exitCode = Number.parseInt(text, 10);
  if (Number.isNaN(exitCode)) return undefined;
  return { exitCode, oomKilled: existsSync(bundlePaths(bundle).oom) };
}

/** Not there is fine. */
export function removeExitRecord(runRoot: string, id: string): void {
  rmSync(join(exitDirectory(runRoot), id), { force: true });
}
