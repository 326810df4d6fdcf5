import { cpuWeight, ioWeight, swapAlone } from '../oci/cgroup2-values.ts';
import type { OciRate, OciResources } from '../oci/runtime-spec.ts';

export interface CgroupWrite {
  /** Of cgroup v1, whose hierarchy the file is in; of v2 the one that has to be passed on. */
  controller: string;
  /** File and text; of several the first one counts that the kernel has. */
  choices: readonly (readonly [file: string, text: string])[];
  /** Some kernels have no such file, and do without. */
  isOptional?: true;
}

/** Limits as the kernel wants them. */
export function cgroupWrites(resources: OciResources, version: 1 | 2): CgroupWrite[] {
  const all = version === 1 ? writes1(resources) : writes2(resources);
  return all.filter((write) => write !== undefined);
}

function writes1({ memory, cpu, blockIO }: OciResources): (CgroupWrite | undefined)[] {
  const rates = (file: string, list: readonly OciRate[] | undefined) =>
    (list ?? []).map(({ major, minor, rate }) => one('blkio', file, `${major}:${minor} ${rate}`));
  const weights = (text: string, suffix = '') =>
    choice('blkio', [
      [`blkio.weight${suffix}`, text],
      [`blkio.bfq.weight${suffix}`, text],
    ]);
  return [
    one('memory', 'memory.limit_in_bytes', memory?.limit),
    // Without accounting of swap there is none to be limited.
    optional(one('memory', 'memory.memsw.limit_in_bytes', memory?.swap)),
    one('cpu', 'cpu.shares', cpu?.shares),
    one('cpu', 'cpu.cfs_period_us', cpu?.period),
    one('cpu', 'cpu.cfs_quota_us', cpu?.quota),
    one('cpuset', 'cpuset.cpus', cpu?.cpus),
    one('cpuset', 'cpuset.mems', cpu?.mems),
    blockIO?.weight === undefined ? undefined : weights(String(blockIO.weight)),
    ...(blockIO?.weightDevice ?? []).map(({ major, minor, weight }) =>
      weights(`${major}:${minor} ${weight}`, '_device'),
    ),
    ...rates('blkio.throttle.read_bps_device', blockIO?.throttleReadBpsDevice),
    ...rates('blkio.throttle.write_bps_device', blockIO?.throttleWriteBpsDevice),
  ];
}

function writes2({ memory, cpu, blockIO }: OciResources): (CgroupWrite | undefined)[] {
  const rates = (word: string, list: readonly OciRate[] | undefined) =>
    (list ?? []).map(({ major, minor, rate }) => one('io', 'io.max', `${major}:${minor} ${word}=${rate}`));
  const weights = (weight: number, device: string) =>
    choice('io', [
      ['io.bfq.weight', `${device}${weight}`],
      ['io.weight', `${device}${ioWeight(weight)}`],
    ]);
  const swap = swapAlone(memory);
  return [
    one('memory', 'memory.max', memory?.limit),
    optional(one('memory', 'memory.swap.max', swap === -1 ? 'max' : swap)),
    one('cpu', 'cpu.weight', cpu?.shares === undefined ? undefined : cpuWeight(cpu.shares)),
    one('cpu', 'cpu.max', cpu?.quota === undefined ? undefined : `${cpu.quota} ${cpu.period ?? 100_000}`),
    one('cpuset', 'cpuset.cpus', cpu?.cpus),
    one('cpuset', 'cpuset.mems', cpu?.mems),
    blockIO?.weight === undefined ? undefined : weights(blockIO.weight, ''),
    ...(blockIO?.weightDevice ?? []).map(({ major, minor, weight }) => weights(weight, `${major}:${minor} `)),
    ...rates('rbps', blockIO?.throttleReadBpsDevice),
    ...rates('wbps', blockIO?.throttleWriteBpsDevice),
  ];
}

function one(controller: string, file: string, value: string | number | undefined): CgroupWrite | undefined {
  return value === undefined ? undefined : choice(controller, [[file, String(value)]]);
}

function choice(controller: string, choices: CgroupWrite['choices']): CgroupWrite {
  return { controller, choices };
}

function optional(write: CgroupWrite | undefined): CgroupWrite | undefined {
  return write === undefined ? undefined : { ...write, isOptional: true };
}
