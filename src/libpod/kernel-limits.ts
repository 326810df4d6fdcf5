import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnsupportedError } from '../base/errors.ts';
import type { DeviceLimit, ResourcesSpec } from '../specgen/container-spec.ts';
import type { HostFacts } from '../specgen/host-facts.ts';

/** Limits that not every kernel has, although it has their controller. Throws UnsupportedError that says what is missing. */
export function checkKernelLimits(
  resources: ResourcesSpec,
  {
    cgroupVersion,
    cgroupPath,
    cgroupManager,
    devices,
  }: Pick<HostFacts, 'cgroupVersion' | 'cgroupPath' | 'cgroupManager' | 'devices'>,
): void {
  if (resources.cpuRtPeriod !== undefined || resources.cpuRtRuntime !== undefined) {
    if (cgroupVersion === 2)
      throw new UnsupportedError(
        'cannot set --cpu-rt-runtime: cgroup v2 has no real-time budgets for groups',
        {
          hint: 'give single processes real-time priority: --cap-add SYS_NICE --ulimit rtprio=99',
        },
      );
    if (!existsSync(`${CPU}/cpu.rt_runtime_us`))
      throw new UnsupportedError(
        'cannot set --cpu-rt-runtime: this kernel was built without CONFIG_RT_GROUP_SCHED',
      );
    if (cgroupManager === 'cgroupfs' && cgroupPath !== undefined) checkBudget(resources, cgroupPath);
  }
  if (resources.blkioWeightDevice !== undefined && cgroupVersion === 1)
    checkWeights(resources.blkioWeightDevice, devices);
}

const CPU = '/sys/fs/cgroup/cpu';
const BLKIO = '/sys/fs/cgroup/blkio';

/** A group can pass on only what it has itself, and by default that is nothing. */
function checkBudget({ cpuRtRuntime }: ResourcesSpec, cgroupPath: string): void {
  if (cpuRtRuntime === undefined) return;
  const parent = dirname(cgroupPath);
  const file = join(CPU, parent, 'cpu.rt_runtime_us');
  const budget = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (budget < 0 || budget >= cpuRtRuntime) return;
  throw new UnsupportedError(
    `cannot set --cpu-rt-runtime ${cpuRtRuntime}: the parent cgroup ${parent} has a real-time budget of ${budget}`,
    { hint: `give it one: mkdir -p ${dirname(file)}; echo ${cpuRtRuntime} > ${file}` },
  );
}

/** Whether a device is shared by weight is up to its scheduler; the kernel refuses the others without a reason. */
function checkWeights(limits: readonly DeviceLimit[], devices: HostFacts['devices']): void {
  if (existsSync(`${BLKIO}/blkio.weight_device`)) return;
  for (const { path } of limits) {
    const scheduler = schedulerOf(devices[path]);
    if (scheduler === undefined || scheduler.name === 'bfq') continue;
    throw new UnsupportedError(
      `cannot set --blkio-weight-device for ${path}: its I/O scheduler is ${scheduler.name}, and only bfq shares a device by weight`,
      {
        hint: `choose it (echo bfq > ${scheduler.file}), or limit rates with --device-read-bps and --device-write-bps`,
      },
    );
  }
}

/** The one that sysfs shows in brackets; undefined where the device has none to choose. */
function schedulerOf(
  device: HostFacts['devices'][string] | undefined,
): { name: string; file: string } | undefined {
  if (device === undefined) return undefined;
  const own = `/sys/dev/block/${device.major}:${device.minor}`;
  // A partition has that of its disk.
  const file = [`${own}/queue/scheduler`, `${own}/../queue/scheduler`].find((each) => existsSync(each));
  if (file === undefined) return undefined;
  const name = /\[(\S+)\]/.exec(readFileSync(file, 'utf8'))?.[1];
  return name === undefined ? undefined : { name, file: realpathSync(file) };
}
