import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import type { RuntimeConfig } from '../base/containers-conf.ts';
import { UnsupportedError } from '../base/errors.ts';
import type { RuntimeRef } from './runtime-client.ts';
import { learnRuntimeVersion, readRuntimeVersion } from './runtime-version.ts';

export interface RuntimeChoice {
  /** --runtime: a name or a path; undefined: the configuration's, else what works here. */
  wanted: string | undefined;
  config: Pick<RuntimeConfig, 'engine' | 'runtimes' | 'origin'>;
  /** --runtime-flag, without the dashes. */
  flags: readonly string[];
  runRoot: string;
  cgroupManager: 'systemd' | 'cgroupfs';
}

export interface ChosenRuntime extends RuntimeRef {
  /** Why this one, for `info`. */
  reason: string;
  /** Preferred ones that are here but cannot run on this host. */
  avoided: { name: string; reason: string }[];
}

/** In order of preference: the first is the fastest and smallest. */
const PREFERENCE = ['crun', 'runc', 'runsc', 'youki', 'krun', 'kata', 'kata-runtime'];

const PLACES = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/sbin',
  '/bin',
  '/run/current-system/sw/bin',
];

/** Throws UnsupportedError when the wanted runtime, or any at all, is not there. What was asked for by name is never replaced. */
export function chooseRuntime(choice: RuntimeChoice): ChosenRuntime {
  const asked = choice.wanted || choice.config.engine.runtime;
  if (asked !== undefined && asked !== '') {
    const path = findRuntime(asked, choice.config);
    const origin = choice.config.origin['engine.runtime'] ?? 'containers.conf';
    const by = choice.wanted ? '--runtime' : `engine.runtime in ${origin}`;
    if (path === undefined)
      throw new UnsupportedError(`OCI runtime "${asked}" (from ${by}) not found`, {
        hint: 'give its path, or install it and check [engine.runtimes] in containers.conf',
      });
    return reference({ name: basename(asked), path, choice, reason: `asked for by ${by}`, avoided: [] });
  }
  const avoided: ChosenRuntime['avoided'] = [];
  for (const name of PREFERENCE) {
    const path = findRuntime(name, choice.config);
    if (path === undefined) continue;
    const obstacle = name === 'crun' ? crunObstacle(path, choice.runRoot) : undefined;
    if (obstacle !== undefined) avoided.push({ name, reason: obstacle });
    else return reference({ name, path, choice, reason: reasonFor(name, avoided), avoided });
  }
  const [only] = avoided;
  if (only !== undefined)
    throw new UnsupportedError(`no usable OCI runtime: ${only.name} cannot be used: ${only.reason}`, {
      hint: 'install runc',
    });
  throw new UnsupportedError(
    `no OCI runtime found: none of ${PREFERENCE.slice(0, 3).join(', ')} is installed`,
    {
      hint: 'install crun or runc',
    },
  );
}

/** For a process that must not wait: afterwards `chooseRuntime` starts no program, until the configuration or a runtime is another. */
export async function prepareRuntimeChoice({ wanted, config, runRoot }: RuntimeChoice): Promise<void> {
  if (wanted || config.engine.runtime || !isHybridCgroupHost()) return;
  const path = findRuntime('crun', config);
  if (path !== undefined) await learnRuntimeVersion(path, runRoot);
}

function reasonFor(name: string, avoided: ChosenRuntime['avoided']): string {
  if (avoided.length === 0) return `first of ${PREFERENCE.slice(0, 3).join(', ')} that is installed`;
  return avoided.map((other) => `${name} instead of ${other.name}: ${other.reason}`).join('; ');
}

function findRuntime(name: string, config: RuntimeChoice['config']): string | undefined {
  if (name.includes('/')) return isExecutable(resolve(name)) ? resolve(name) : undefined;
  const configured = config.runtimes[name]?.filter((path) => isAbsolute(path));
  const candidates = configured?.length ? configured : PLACES.map((place) => join(place, name));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter(isAbsolute)
    .map((place) => join(place, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function reference(parts: {
  name: string;
  path: string;
  choice: RuntimeChoice;
  reason: string;
  avoided: ChosenRuntime['avoided'];
}): ChosenRuntime {
  const { name, path, choice, reason, avoided } = parts;
  const stateRoot = join(choice.runRoot, 'oci', name);
  return {
    name,
    path,
    args: [`--root=${stateRoot}`, ...choice.flags.map((flag) => `--${flag.replace(/^-+/, '')}`)],
    stateRoot,
    systemdCgroup: choice.cgroupManager === 'systemd',
    sandboxed: /^(runsc|kata|krun)/.test(name),
    reason,
    avoided,
  };
}

/** Before 1.9, crun takes a unified hierarchy beside v1 ones for an error. */
function crunObstacle(path: string, runRoot: string): string | undefined {
  if (!isHybridCgroupHost()) return undefined;
  const version = readRuntimeVersion(path, runRoot);
  if (version === undefined) return 'its version cannot be read';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 9)
    ? undefined
    : `crun ${version} refuses hybrid cgroups, from 1.9 on it takes them`;
}

const TMPFS_MAGIC = 0x01021994;

/** Controllers on v1, and a v2 hierarchy mounted beside them. */
function isHybridCgroupHost(): boolean {
  try {
    return (
      Number(statfsSync('/sys/fs/cgroup').type) === TMPFS_MAGIC &&
      existsSync('/sys/fs/cgroup/unified/cgroup.procs')
    );
  } catch {
    return false;
  }
}
