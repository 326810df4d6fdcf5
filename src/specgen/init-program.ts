import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RuntimeConfig } from '../base/containers-conf.ts';
import { UnsupportedError } from '../base/errors.ts';

const NAMES = ['catatonit', 'docker-init', 'tini-static'];
const PLACES = ['/usr/libexec/catatonit', '/usr/bin', '/usr/sbin', '/usr/local/bin'];

/** The small init of --init: the one that was named, else the first that this host has. It must be statically linked. */
export function findInitProgram(named: string | undefined, config: RuntimeConfig, cwd: string): string {
  const wanted = named || config.containers.initPath;
  if (wanted) {
    const path = resolve(cwd, wanted);
    if (!isProgram(path)) throw new UnsupportedError(`cannot use ${path} for --init: no such program`);
    return path;
  }
  const places = [...config.engine.helperBinariesDir, ...PLACES];
  const found = NAMES.flatMap((name) => places.map((place) => join(place, name))).find(isProgram);
  if (found !== undefined) return found;
  throw new UnsupportedError('cannot use --init: no init program found', {
    hint: 'install catatonit, or name a statically linked init with --init-path',
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
