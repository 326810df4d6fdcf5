import { existsSync, statfsSync } from 'node:fs';
import { UnsupportedError, UsageError } from '../base/errors.ts';

export type CgroupManager = 'systemd' | 'cgroupfs';

const CGROUP2_MAGIC = 0x63677270;

/**
 * Who makes the containers' cgroups: what was asked for, else systemd where it is the init system (a normal user needs cgroup v2 and
 * a session bus as well), else we ourselves. `config` is [engine] cgroup_manager.
 */
export function chooseCgroupManager(request: {
  wanted: string | undefined;
  config: string | undefined;
  rootless: boolean;
  env: Readonly<Record<string, string | undefined>>;
}): CgroupManager {
  const asked = request.wanted || request.config;
  const booted = existsSync('/run/systemd/system');
  if (asked === 'cgroupfs') return asked;
  if (asked === 'systemd') {
    if (!booted && request.wanted)
      throw new UnsupportedError('cannot use --cgroup-manager systemd: this host does not run systemd');
    return booted ? asked : 'cgroupfs';
  }
  if (asked !== undefined && asked !== '')
    throw new UsageError(`invalid cgroup manager "${asked}": must be systemd or cgroupfs`);
  if (!booted) return 'cgroupfs';
  if (!request.rootless) return 'systemd';
  return isUnified() && hasSessionBus(request.env) ? 'systemd' : 'cgroupfs';
}

function isUnified(): boolean {
  try {
    return Number(statfsSync('/sys/fs/cgroup').type) === CGROUP2_MAGIC;
  } catch {
    return false;
  }
}

function hasSessionBus(env: Readonly<Record<string, string | undefined>>): boolean {
  const directory = env['XDG_RUNTIME_DIR'];
  return (
    Boolean(env['DBUS_SESSION_BUS_ADDRESS']) || (directory !== undefined && existsSync(`${directory}/bus`))
  );
}
