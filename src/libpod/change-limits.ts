import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { NotFoundError, RuntimeError, UnsupportedError, WrongStateError } from '../base/errors.ts';
import { updateResources } from '../oci/runtime-client.ts';
import type { OciResources } from '../oci/runtime-spec.ts';
import type { ContainerSpec, ResourcesSpec } from '../specgen/container-spec.ts';
import { limitedDevices, runtimeDeviceLimits } from '../specgen/device-limits.ts';
import { runtimeResources } from '../specgen/runtime-resources.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { type ContainerRecord, updateContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import { cgroupPlaces } from './cgroup-places.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { explainLimit } from './explain-limit.ts';
import { cgroupVersion } from './host-cgroups.ts';
import { gatherHostFacts, statBlockDevice } from './host-facts.ts';
import { checkKernelLimits } from './kernel-limits.ts';
import { writeDeviceLimits } from './live-device-limits.ts';
import { writeLeftOut } from './live-limits.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle } from './settle.ts';

/** Gives a container another specification; new limits hold for its processes before they are written down. */
export async function changeLimits(
  libpod: Libpod,
  id: string,
  change: (spec: ContainerSpec) => ContainerSpec,
): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    if (record.state === 'removing') throw new WrongStateError(`container ${record.name} is being removed`);
    const spec = change(record.spec);
    const isLive = ['running', 'paused', 'initialized'].includes(record.state);
    const limits = limitsFor(libpod, record, spec);
    if (isLive && Object.keys(limits).length > 0) {
      await applyLimits(libpod, { ...record, spec }, limits);
      applyLeftOut(record, spec);
      applyDeviceLimits(record, spec);
    }
    crashPoint('update-after-runtime');
    transaction(libpod.db, () => {
      updateContainer(libpod.db, id, { spec });
      recordEvent(libpod.db, {
        kind: 'container',
        action: 'update',
        objectId: id,
        name: record.name,
        attributes: { ...spec.labels, image: record.imageName },
      });
    });
    const { healthcheck, health } = record.spec;
    if (isLive && !isDeepStrictEqual([healthcheck, health], [spec.healthcheck, spec.health]))
      await (await import('./health-monitor.ts')).reloadHealthcheck(libpod, { ...record, spec });
  } finally {
    lock.release();
  }
}

/** Only what differs: the runtime leaves alone what it is not told. */
function limitsFor(libpod: Libpod, record: ContainerRecord, spec: ContainerSpec): OciResources {
  const old = record.spec.resources;
  const now = spec.resources;
  const keys = (Object.keys({ ...old, ...now }) as (keyof ResourcesSpec)[]).filter(
    (key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]),
  );
  if (keys.length === 0) return {};
  const host = gatherHostFacts(libpod, spec, record.id);
  if (host.cgroupPath === undefined)
    throw new UnsupportedError(
      `cannot change the limits of container ${record.name}: it has no cgroup of its own`,
      {
        hint: 'limits of a user need cgroup v2 and the service manager of a login',
      },
    );
  checkKernelLimits(now, host);
  // What belongs together is told together.
  const limits = runtimeResources(now, host, () => undefined);
  if (old.pidsLimit !== undefined && now.pidsLimit === undefined) limits.pids = { limit: -1 };
  if (old.memory !== undefined && now.memory === undefined)
    limits.memory = { ...limits.memory, limit: -1, swap: -1 };
  // On v2 it is no limit but a protection, which runtimes leave alone until the next start.
  if (old.memoryReservation !== undefined && now.memoryReservation === undefined && cgroupVersion() === 1)
    limits.memory = { ...limits.memory, reservation: -1 };
  if (old.cpuQuota !== undefined && now.cpuQuota === undefined) limits.cpu = { ...limits.cpu, quota: -1 };
  const touches = (...names: (keyof ResourcesSpec)[]): boolean => names.some((name) => keys.includes(name));
  return {
    ...(limits.memory && touches('memory', 'memorySwap', 'memoryReservation', 'memorySwappiness')
      ? { memory: limits.memory }
      : {}),
    ...(limits.cpu && touches(...CPU_LIMITS) ? { cpu: limits.cpu } : {}),
    ...(limits.pids && touches('pidsLimit') ? { pids: limits.pids } : {}),
    ...(limits.blockIO && touches('blkioWeight', 'blkioWeightDevice', 'throttle')
      ? { blockIO: limits.blockIO }
      : {}),
  };
}

const CPU_LIMITS = [
  'cpuShares',
  'cpuPeriod',
  'cpuQuota',
  'cpuRtPeriod',
  'cpuRtRuntime',
  'cpusetCpus',
  'cpusetMems',
] as const;

/** What runtimes leave alone in an update. */
function applyLeftOut({ spec: old, pid, id }: ContainerRecord, { resources }: ContainerSpec): void {
  if (pid !== undefined) writeLeftOut(cgroupPlaces(pid, id), { old: old.resources, now: resources });
}

function applyDeviceLimits({ spec: old, pid, id }: ContainerRecord, spec: ContainerSpec): void {
  if (pid === undefined) return;
  if ([old, spec].every(({ resources }) => limitedDevices(resources).length === 0)) return;
  // Of the old ones some may name a device that is gone: its limits went with it.
  const limits = ({ resources }: ContainerSpec) => {
    const paths = limitedDevices(resources).filter((path) => existsSync(path));
    return runtimeDeviceLimits(
      resources,
      Object.fromEntries(paths.map((path) => [path, statBlockDevice(path)])),
    );
  };
  writeDeviceLimits(pid, id, { old: limits(old), now: limits(spec) });
}

async function applyLimits(libpod: Libpod, record: ContainerRecord, limits: OciResources): Promise<void> {
  const file = join(containerPaths(libpod.paths, record.id).bundle.bundle, 'resources.json');
  writeFileAtomic(file, JSON.stringify(limits), { durable: false });
  try {
    await updateResources(runtimeOf(libpod, record), record.id, file);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw explainLimit(record.spec.resources, error) ?? error;
  }
}
