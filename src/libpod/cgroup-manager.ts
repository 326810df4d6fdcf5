import { rootlessUid } from '../base/paths.ts';
import { type CgroupManager, chooseCgroupManager } from '../oci/cgroup-manager.ts';
import type { Libpod } from './context.ts';

/** `--cgroup-manager`, else containers.conf, else what runs this host. */
export function cgroupManagerOf(libpod: Libpod): CgroupManager {
  return chooseCgroupManager({
    wanted: libpod.runtimeOptions.cgroupManager,
    config: libpod.config.engine.cgroupManager,
    rootless: rootlessUid() !== undefined,
    env: process.env,
  });
}
