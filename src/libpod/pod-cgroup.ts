import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { rootlessUid } from '../base/paths.ts';
import type { CgroupManager } from '../oci/cgroup-manager.ts';
import { removeCgroups } from '../oci/runtime-state.ts';
import { managerBus } from '../oci/systemd-scope.ts';
import { cgroupVersion } from './host-cgroups.ts';
import type { PodRecord } from './pod.ts';

/**
 * The cgroup that is the parent of all cgroups of a pod: a path, or the name of a slice. Undefined where a pod gets none: a user without a
 * service manager may make cgroups only beside that of the command that is running.
 */
export function podCgroup(
  id: string,
  parent: string | undefined,
  manager: CgroupManager,
): string | undefined {
  if (cgroupVersion() === 0) return undefined;
  const rootless = rootlessUid() !== undefined;
  if (manager === 'systemd') {
    const slice = (parent ?? (rootless ? 'user.slice' : 'machine.slice')).split('/').at(-1) ?? '';
    return `${slice.replace(/\.slice$/, '')}-libpod_pod_${id}.slice`;
  }
  return rootless ? undefined : join('/', parent ?? 'libpod_parent', id);
}

/** With everything in it gone. A slice is the service manager's, which drops what is empty, unless it was started for its limits. */
export async function removePodCgroup(pod: PodRecord): Promise<void> {
  const { cgroup, resources } = pod.spec;
  if (cgroup?.startsWith('/')) removeCgroups(cgroup);
  else if (cgroup !== undefined && resources !== undefined) await stopLimitedSlice(pod.name, cgroup);
}

async function stopLimitedSlice(name: string, slice: string): Promise<void> {
  const bus = managerBus(rootlessUid() !== undefined, process.env);
  if (bus === undefined) return;
  try {
    await (await import('../oci/systemd-slice.ts')).stopSlice(bus, slice);
  } catch (error) {
    log('warn', `cannot stop ${slice} of pod ${name}: ${messageOf(error)}`);
  }
}
