import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
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
  const exitCode = Number.parseInt(readEither(join(exitDirectory(runRoot), id)) ?? '', 10);
  if (Number.isNaN(exitCode)) return undefined;
  return { exitCode, oomKilled: existsSync(bundlePaths(bundle).oom) };
}

/** On a full disk the monitor makes it a symbolic link that leads to the code: that takes no room. */
function readEither(path: string): string | undefined {
  const reads = [() => readFileSync(path, 'utf8'), () => readlinkSync(path)];
  for (const read of reads) {
    try {
      return read();
    } catch {
      // Not there, or the other one.
    }
  }
  return undefined;
}

/** Also what a monitor has left that was killed while it wrote one. Not there is fine. */
export function removeExitRecord(runRoot: string, id: string): void {
  const directory = exitDirectory(runRoot);
  for (const name of namesIn(directory))
    if (containerOfExitFile(name) === id) rmSync(join(directory, name), { force: true });
}

/** A monitor gives the file a name with a random ending until it is whole. */
export function containerOfExitFile(name: string): string {
  return name.replace(/\..*$/, '');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
