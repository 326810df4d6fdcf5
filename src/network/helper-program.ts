import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError } from '../base/errors.ts';

/** Where administrators' tools are, even when the caller's PATH has no sbin. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The program in the helper directories of containers.conf, then on PATH; undefined when it is nowhere. */
export function findHelper(name: string, directories: readonly string[]): string | undefined {
  const path = (process.env['PATH'] ?? '').split(':').filter((directory) => directory.startsWith('/'));
  for (const directory of [...directories, ...path, ...SYSTEM_PATH]) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // The next place.
    }
  }
  return undefined;
}

/** Debian names its packages after the programs, but for some. `without`: what can be done without it, for the hint. */
export function requireHelper(
  name: string,
  directories: readonly string[],
  about: { package: string; without?: string } = { package: name },
): string {
  const file = findHelper(name, directories);
  if (file !== undefined) return file;
  throw new UnsupportedError(
    `the program ${name} is missing (looked in ${directories.join(', ')} and PATH)`,
    {
      hint: `install the package ${about.package}, or name its folder in helper_binaries_dir of containers.conf${about.without === undefined ? '' : `; ${about.without}`}`,
    },
  );
}

/** The environment for network programs: iptables and ip are in sbin. */
export function helperEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '');
  const missing = SYSTEM_PATH.filter((directory) => !path.includes(directory));
  return { ...process.env, PATH: [...path, ...missing].join(':'), ...more };
}
