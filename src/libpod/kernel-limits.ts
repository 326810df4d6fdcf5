import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnsupportedError } from '../base/errors.ts';
import type { ResourcesSpec } from '../specgen/container-spec.ts';
import type { HostFacts } from '../specgen/host-facts.ts';

/** Limits that not every kernel has, although it has their controller. Throws UnsupportedError that says what is missing. */
export function checkKernelLimits(
  resources: ResourcesSpec,
  {
    cgroupVersion,
    cgroupPath,
    cgroupManager,
  }: Pick<HostFacts, 'cgroupVersion' | 'cgroupPath' | 'cgroupManager'>,
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
  if (resources.blkioWeightDevice !== undefined && cgroupVersion === 1) checkWeights();
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

function checkWeights(): void {
  if (existsSync(`${BLKIO}/blkio.weight_device`) || existsSync(`${BLKIO}/blkio.bfq.weight_device`)) return;
  throw new UnsupportedError(
    'cannot set --blkio-weight-device: no I/O scheduler of this kernel shares devices by weight',
    { hint: 'limit rates with --device-read-bps and --device-write-bps' },
  );
}
