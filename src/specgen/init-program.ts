import { blamingConf } from '../base/containers-conf-blame.ts';
import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RuntimeConfig } from '../base/containers-conf.ts';
import { UnsupportedError } from '../base/errors.ts';

const NAMES = ['catatonit', 'docker-init', 'tini-static'];
const PLACES = ['/usr/libexec/catatonit', '/usr/bin', '/usr/sbin', '/usr/local/bin'];

/** The small init of --init: the one that was named, else the first that this host has. It must be statically linked. */
export function findInitProgram(named: string | undefined, config: RuntimeConfig, cwd: string): string {
  if (named) return initProgram(resolve(cwd, named));
  const { initPath } = config.containers;
  if (initPath) return blamingConf(config, 'containers.init_path', () => initProgram(resolve(cwd, initPath)));
  const places = [...config.engine.helperBinariesDir, ...PLACES];
  const found = NAMES.flatMap((name) => places.map((place) => join(place, name))).find(isProgram);
  if (found !== undefined) return found;
  throw new UnsupportedError('cannot use --init: no init program found', {
    hint: 'install catatonit, or name a statically linked init with --init-path',
  });
}

function initProgram(path: string): string {
  if (isProgram(path)) return path;
  throw new UnsupportedError(`cannot use ${path} for --init: no such program`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
