import { UnsupportedError } from '../base/errors.ts';
import type { OciResources } from '../oci/runtime-spec.ts';
import type { ResourcesSpec } from './container-spec.ts';
import { limitedDevices, runtimeDeviceLimits } from './device-limits.ts';
import type { HostFacts } from './host-facts.ts';

/**
 * Limits for the runtime. One whose controller is not there is refused by name; only the standing pids limit, and a rootless
 * container's limits on cgroup v1 (where no user has a say), are left out with a note, as podman does.
 */
export function runtimeResources(
  resources: ResourcesSpec,
  host: Pick<HostFacts, 'cgroupPath' | 'cgroupVersion' | 'cgroupControllers' | 'rootless' | 'devices'>,
  note: (text: string) => void,
): OciResources {
  const result: OciResources = {};
  if (host.cgroupPath === undefined) {
    if (wantsLimits(resources) && host.cgroupVersion === 2 && resources.cgroups !== 'disabled')
      throw new UnsupportedError('cannot set resource limits: this user has no cgroup of its own here', {
        hint: 'limits need the service manager of a login: log in directly, or run once: loginctl enable-linger',
      });
    if (wantsLimits(resources))
      note('resource limits are not supported and ignored: this host gives us no cgroup');
    return result;
  }
  const need = (controller: string, flag: string): void => {
    const name = controller === 'blkio' && host.cgroupVersion === 2 ? 'io' : controller;
    // On v1 cpu comes with cpuacct, and the list says which are mounted.
    if (host.cgroupControllers.includes(name)) return;
    throw new UnsupportedError(`cannot set ${flag}: the cgroup controller "${name}" is not available`, {
      hint: host.rootless
        ? `ask the administrator to delegate it: Delegate=${name} for user@.service`
        : 'see /sys/fs/cgroup for those that this host offers',
    });
  };
  addMemory(result, resources, need);
  addCpu(result, resources, need);
  if (resources.pidsLimit !== undefined) {
    if (resources.pidsLimitGiven) need('pids', '--pids-limit');
    if (host.cgroupControllers.includes('pids')) result.pids = { limit: resources.pidsLimit };
    else note('the limit of processes is ignored: the cgroup controller "pids" is not available');
  }
  if (resources.blkioWeight) {
    need('blkio', '--blkio-weight');
    result.blockIO = { weight: resources.blkioWeight };
  }
  if (limitedDevices(resources).length > 0) {
    need('blkio', 'limits for single block devices');
    result.blockIO = { ...result.blockIO, ...runtimeDeviceLimits(resources, host.devices) };
  }
  if (resources.unified !== undefined) result.unified = resources.unified;
  return result;
}

function wantsLimits(resources: ResourcesSpec): boolean {
  const { cgroups: _mode, cgroupParent: _parent, pidsLimit: _pids, ...limits } = resources;
  return Object.values(limits).some((value) => value !== undefined);
}

function addMemory(
  result: OciResources,
  resources: ResourcesSpec,
  need: (controller: string, flag: string) => void,
): void {
  const { memory, memoryReservation, memorySwap, memorySwappiness, oomKillDisable } = resources;
  const wanted = [memory, memoryReservation, memorySwappiness, oomKillDisable || undefined];
  if (wanted.every((value) => value === undefined)) return;
  need('memory', '--memory');
  result.memory = {
    ...(memory === undefined ? {} : { limit: memory }),
    ...(memoryReservation === undefined ? {} : { reservation: memoryReservation }),
    ...(memorySwap === undefined ? {} : { swap: memorySwap }),
    ...(memorySwappiness === undefined ? {} : { swappiness: memorySwappiness }),
    ...(oomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function addCpu(
  result: OciResources,
  resources: ResourcesSpec,
  need: (controller: string, flag: string) => void,
): void {
  const { cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = resources;
  const cpu: NonNullable<OciResources['cpu']> = {};
  if (cpuShares !== undefined) cpu.shares = cpuShares;
  if (cpuPeriod !== undefined) cpu.period = cpuPeriod;
  if (cpuQuota !== undefined) cpu.quota = cpuQuota;
  const { cpuRtPeriod, cpuRtRuntime } = resources;
  if (cpuRtPeriod !== undefined) cpu.realtimePeriod = cpuRtPeriod;
  if (cpuRtRuntime !== undefined) cpu.realtimeRuntime = cpuRtRuntime;
  if (Object.keys(cpu).length > 0) need('cpu', '--cpus, --cpu-quota, --cpu-shares or --cpu-rt-runtime');
  if (cpusetCpus !== undefined) cpu.cpus = cpusetCpus;
  if (cpusetMems !== undefined) cpu.mems = cpusetMems;
  if (cpusetCpus !== undefined || cpusetMems !== undefined) need('cpuset', '--cpuset-cpus or --cpuset-mems');
  if (Object.keys(cpu).length > 0) result.cpu = cpu;
}
