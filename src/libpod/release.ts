import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { removeExitRecord } from '../conmon/exit-record.ts';
import { AT_FDCWD, MNT_DETACH } from '../native/syscalls.ts';
import { teardownNetwork } from '../network/teardown.ts';
import { deleteFromRuntime } from '../oci/runtime-client.ts';
import { removeRuntimeState } from '../oci/runtime-state.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { endMonitor } from './end-monitor.ts';
import { keepHealthLog } from './health-monitor.ts';
import { unmountIdmapped } from './idmapped-mounts.ts';
import { releaseOverlaid } from './overlaid-mounts.ts';
import { networkContext } from './network-context.ts';
import { runtimeOf } from './runtime-of.ts';
import { isMountedForUser } from './user-mount-marks.ts';

/** Takes back a start that has led to nothing, or that nobody will finish: its monitor goes first, so that it reports no end. */
export async function releaseFailedStart(libpod: Libpod, record: ContainerRecord): Promise<void> {
  await attempt('monitor', record, () => endMonitor(libpod, record.id));
  // What holds nothing has had its runtime ended, if there was one.
  const runtime = record.facts.held === true ? await import('./end-runtime.ts') : undefined;
  if (runtime !== undefined) await attempt('runtime', record, () => runtime.endRuntime(libpod, record));
  await releaseResources(libpod, record);
  if (runtime !== undefined)
    await attempt('cgroup', record, () => runtime.clearCgroup(record.facts.cgroupPath));
}

/**
 * Gives back everything a start took: runtime state and cgroup, network, mounts, bundle. Idempotent, and works from the paths
 * alone, whatever was killed half way. Failures are logged, and the rest is done all the same.
 */
export async function releaseResources(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const { bundle, shm, secrets } = containerPaths(libpod.paths, record.id);
  const attempts = [
    attempt('network', record, () =>
      teardownNetwork(networkContext(libpod, record.name), record.id, { background: true }),
    ),
    attempt('runtime state', record, () => releaseRuntime(libpod, record)),
  ];
  await Promise.all(attempts);
  if (!isMountedForUser(libpod, record.id))
    await attempt('root file system', record, async () => libpod.store.rootfs.unmount(record.id));
  if (record.spec.userNamespace !== undefined) {
    const { releaseUserns } = await import('./user-namespace.ts');
    await attempt('user namespace', record, async () => releaseUserns(libpod, record.id));
  }
  await attempt('/dev/shm', record, async () => detach(libpod, shm));
  await attempt('secrets', record, async () => detach(libpod, secrets));
  await attempt('log of health checks', record, () => keepHealthLog(libpod, record));
  await attempt('mounts with other owners', record, () => unmountIdmapped(libpod, record.id));
  await attempt('overlaid mounts', record, () => releaseOverlaid(libpod, record.id));
  await attempt('volumes', record, () => releaseVolumes(libpod, record.id));
  await attempt('bundle', record, () => libpod.syscalls.removeTreeAt(AT_FDCWD, bundle.bundle));
  removeExitRecord(libpod.paths.runRoot, record.id);
}

async function releaseRuntime(libpod: Libpod, record: ContainerRecord): Promise<void> {
  if (record.facts.runtime === undefined) return;
  const runtime = runtimeOf(libpod, record);
  // A container whose processes are all gone needs no process of the runtime to be deleted.
  if (record.facts.hooks !== true && removeRuntimeState(runtime, record.id, record.facts.cgroupPath)) return;
  await deleteFromRuntime(runtime, record.id, { force: true });
}

/** Hardly any volume has to be mounted. */
async function releaseVolumes(libpod: Libpod, id: string): Promise<void> {
  if (!existsSync(join(libpod.paths.runRoot, 'volume-mounts'))) return;
  const { letVolumesGo } = await import('./volume-mounts.ts');
  for (const holder of [id, filesHolder(id)]) await letVolumesGo(libpod, holder);
}

/** Who holds the volumes of a container that does not run while its files are looked at. */
export function filesHolder(id: string): string {
  return `files-${id}`;
}

function detach(libpod: Libpod, path: string): void {
  try {
    libpod.syscalls.umount(path, MNT_DETACH);
  } catch {
    // Not mounted, or not there.
  }
}

async function attempt(
  what: string,
  record: ContainerRecord,
  work: () => Promise<unknown> | unknown,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    log('warn', `cannot release the ${what} of container ${record.name}: ${messageOf(error)}`);
  }
}
