import { InvalidSpecError, UnsupportedError, UsageError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import type { NamespaceMode, ResourcesSpec } from './container-spec.ts';
import { splitOnce } from './key-value.ts';
import { deviceLimitsFromOptions } from './device-limits.ts';
import type { CreateOptions } from './create-options.ts';
import type { SpecContext } from './spec-context.ts';

const CGROUP_MODES = ['enabled', 'disabled', 'no-conmon', 'split'] as const;
const CPU_PERIOD = 100_000;

export interface ResourcesContext extends Pick<SpecContext, 'config' | 'rootless' | 'warn'> {
  host: Pick<SpecContext['host'], 'cgroupVersion'>;
}

export function resourcesFromOptions(
  options: Partial<CreateOptions>,
  context: ResourcesContext,
): ResourcesSpec {
  const wanted = options.cgroups ?? context.config.containers.cgroups;
  const cgroups = CGROUP_MODES.find((mode) => mode === wanted);
  if (cgroups === undefined)
    throw new UsageError(
      `invalid value "${wanted}" for --cgroups: must be one of ${CGROUP_MODES.join(', ')}`,
    );
  if (cgroups === 'split' && context.host.cgroupVersion !== 2)
    throw new UnsupportedError('--cgroups=split is not supported on this host: it needs cgroup v2');
  if (cgroups === 'split' && options.cgroupParent)
    throw new UsageError('--cgroups=split and --cgroup-parent exclude each other');
  const resources: ResourcesSpec = { cgroups };
  addMemory(resources, options);
  addCpu(resources, options);
  addPids(resources, options, context);
  if (options.blkioWeight !== undefined) resources.blkioWeight = blkioWeight(options.blkioWeight);
  Object.assign(resources, deviceLimitsFromOptions(options));
  const unified = cgroupFiles(options, context);
  if (unified !== undefined) resources.unified = unified;
  if (options.oomKillDisable) resources.oomKillDisable = true;
  if (options.cgroupParent !== undefined && options.cgroupParent !== '')
    resources.cgroupParent = options.cgroupParent;
  const { cgroups: _mode, ...limits } = resources;
  if (cannotLimit(context) && Object.keys(limits).length > 0)
    context.warn(
      context.rootless
        ? 'Resource limits are not supported and ignored on cgroups V1 rootless systems'
        : 'Resource limits are not supported and ignored: there is no cgroup here that may be changed',
    );
  return resources;
}

/** On cgroup v1 no user has a say, and in some containers not even their root. */
function cannotLimit({ rootless, host }: ResourcesContext): boolean {
  return host.cgroupVersion === 0 || (rootless && host.cgroupVersion === 1);
}

/** `--shm-size`; 0 means no limit for podman, which tmpfs reads the same way. */
export function shmSizeFromOptions(
  options: CreateOptions,
  ipc: NamespaceMode['mode'],
  context: SpecContext,
): number {
  if (options.shmSize !== undefined && ipc !== 'private' && ipc !== 'shareable')
    context.warn(
      `--shm-size has no effect: /dev/shm ${SHM_OF[ipc] ?? 'is that of the IPC namespace it joins'}`,
    );
  return parseSize(options.shmSize ?? context.config.containers.shmSize, '--shm-size');
}

const SHM_OF: Readonly<Partial<Record<NamespaceMode['mode'], string>>> = {
  host: "is the host's with --ipc host",
  none: 'is not there with --ipc none',
};

function addMemory(resources: ResourcesSpec, options: Partial<CreateOptions>): void {
  const memory = limit(options.memory, '--memory');
  const reservation = limit(options.memoryReservation, '--memory-reservation');
  const swap = options.memorySwap === '-1' ? -1 : limit(options.memorySwap, '--memory-swap');
  if (swap !== undefined && memory === undefined)
    throw new InvalidSpecError(
      'you should always set a memory limit when using a memoryswap limit, see usage',
    );
  if (swap !== undefined && memory !== undefined && swap !== -1 && swap < memory)
    throw new InvalidSpecError('minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory !== undefined && reservation !== undefined && memory < reservation)
    throw new InvalidSpecError(
      'minimum memory limit cannot be less than memory reservation limit, see usage',
    );
  if (memory !== undefined) {
    resources.memory = memory;
    // As much swap as memory, like docker and podman.
    resources.memorySwap = swap ?? memory * 2;
  }
  if (reservation !== undefined) resources.memoryReservation = reservation;
  const swappiness = options.memorySwappiness;
  if (swappiness !== undefined && swappiness !== -1) {
    if (!Number.isInteger(swappiness) || swappiness < 0 || swappiness > 100)
      throw new InvalidSpecError(`invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
    resources.memorySwappiness = swappiness;
  }
}

/** Absent and 0 both mean "no limit". */
function limit(text: string | undefined, flag: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  const bytes = parseSize(text, flag);
  if (bytes > Number.MAX_SAFE_INTEGER / 2)
    throw new UsageError(`invalid value for ${flag}: '${text}' is larger than any machine's memory`);
  return bytes === 0 ? undefined : bytes;
}

/** `--cpus` is another word for the two. */
export function checkCpuFlags({ cpus, cpuPeriod, cpuQuota }: Partial<CreateOptions>): void {
  if (cpus && cpuPeriod) throw new InvalidSpecError('--cpu-period and --cpus cannot be set together');
  if (cpus && cpuQuota) throw new InvalidSpecError('--cpu-quota and --cpus cannot be set together');
}

function addCpu(resources: ResourcesSpec, options: Partial<CreateOptions>): void {
  const { cpus, cpuPeriod, cpuQuota, cpuShares } = options;
  if (cpus !== undefined && cpus !== 0) {
    checkCpuFlags(options);
    if (!Number.isFinite(cpus) || cpus < 0 || cpus > 8192)
      throw new InvalidSpecError(`invalid --cpus ${cpus}: must be between 0 and 8192`);
    resources.cpuPeriod = CPU_PERIOD;
    // Less than a millisecond per period is refused by the kernel.
    resources.cpuQuota = Math.max(1000, Math.round(cpus * CPU_PERIOD));
  }
  if (cpuPeriod) {
    if (cpuPeriod < 1000 || cpuPeriod > 1_000_000)
      throw new InvalidSpecError(
        `CPU cfs period cannot be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000), got ${cpuPeriod}`,
      );
    resources.cpuPeriod = cpuPeriod;
  }
  if (cpuQuota) {
    if (cpuQuota > 0 && cpuQuota < 1000)
      throw new InvalidSpecError(`CPU cfs quota cannot be less than 1ms (i.e. 1000), got ${cpuQuota}`);
    resources.cpuQuota = cpuQuota;
  }
  if (cpuShares) {
    if (cpuShares < 0 || !Number.isSafeInteger(cpuShares))
      throw new InvalidSpecError(`invalid --cpu-shares ${cpuShares}: must be 2 or more`);
    resources.cpuShares = Math.min(262_144, Math.max(2, cpuShares));
  }
  addRealtime(resources, options);
  if (options.cpusetCpus) resources.cpusetCpus = cpuList(options.cpusetCpus, '--cpuset-cpus');
  if (options.cpusetMems) resources.cpusetMems = cpuList(options.cpusetMems, '--cpuset-mems');
}

/** The kernel keeps real-time budgets for groups on cgroup v1 only; whether there is one is seen at the start. */
function addRealtime(resources: ResourcesSpec, options: Partial<CreateOptions>): void {
  const { cpuRtPeriod, cpuRtRuntime } = options;
  for (const [flag, value] of [
    ['--cpu-rt-period', cpuRtPeriod],
    ['--cpu-rt-runtime', cpuRtRuntime],
  ] as const)
    if (value !== undefined && (value < 0 || value > REALTIME_MAXIMUM))
      throw new InvalidSpecError(`invalid ${flag} ${value}: must be from 0 to ${REALTIME_MAXIMUM}`);
  if (cpuRtPeriod) resources.cpuRtPeriod = cpuRtPeriod;
  if (cpuRtRuntime) resources.cpuRtRuntime = cpuRtRuntime;
  if (cpuRtRuntime && cpuRtRuntime > (cpuRtPeriod || REALTIME_PERIOD))
    throw new InvalidSpecError(
      `--cpu-rt-runtime ${cpuRtRuntime} is more than its period of ${cpuRtPeriod || REALTIME_PERIOD} microseconds`,
    );
}

/** Microseconds; the period is the kernel's own. */
const REALTIME_PERIOD = 1_000_000;
const REALTIME_MAXIMUM = 1_000_000_000;

/** `memory.high=1073741824` */
function cgroupFiles(
  { cgroupConf, cgroups }: Partial<CreateOptions>,
  { config, host }: ResourcesContext,
): Record<string, string> | undefined {
  // What holds for every container is no reason to refuse one.
  const standard = host.cgroupVersion === 2 && cgroups !== 'disabled' ? config.containers.cgroupConf : [];
  const texts = [...standard, ...(cgroupConf ?? [])];
  if (texts.length === 0) return undefined;
  if (host.cgroupVersion !== 2)
    throw new UnsupportedError('--cgroup-conf is not supported on this host: it needs cgroup v2', {
      hint: 'use --memory, --cpus, --pids-limit and their kin, which work on cgroup v1 too',
    });
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [name, value] = splitOnce(text, '=');
      if (value === undefined || !/^[a-z_]+(\.[a-z0-9_.]+)+$/.test(name))
        throw new InvalidSpecError(
          `invalid --cgroup-conf "${text}": must be FILE=VALUE, e.g. memory.high=64M`,
        );
      return [name, value];
    }),
  );
}

function cpuList(text: string, flag: string): string {
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null || Number(match[2] ?? match[1]) < Number(match[1]))
      throw new InvalidSpecError(`invalid ${flag} "${text}": must be a list such as 0-3,5`);
  }
  return text;
}

/** 0 and -1 lift the limit. The default applies only where the cgroup is managed at all. */
function addPids(resources: ResourcesSpec, options: Partial<CreateOptions>, context: ResourcesContext): void {
  if (options.pidsLimit === undefined) {
    const standard = context.config.containers.pidsLimit;
    const managed = resources.cgroups !== 'disabled' && context.host.cgroupVersion !== 0;
    if (managed && standard > 0 && !cannotLimit(context)) resources.pidsLimit = standard;
    return;
  }
  if (options.pidsLimit < -1 || !Number.isSafeInteger(options.pidsLimit))
    throw new InvalidSpecError(`invalid --pids-limit ${options.pidsLimit}: must be -1 or more`);
  if (options.pidsLimit > MOST_PIDS)
    throw new InvalidSpecError(
      `invalid --pids-limit ${options.pidsLimit}: the kernel has ${MOST_PIDS} at most, -1 is no limit`,
    );
  if (options.pidsLimit <= 0) return;
  resources.pidsLimit = options.pidsLimit;
  resources.pidsLimitGiven = true;
}

/** PID_MAX_LIMIT of the kernel. */
const MOST_PIDS = 4_194_304;

function blkioWeight(text: string): number {
  const weight = Number(text);
  if (!/^\d+$/.test(text) || (weight !== 0 && (weight < 10 || weight > 1000)))
    throw new InvalidSpecError(`range of blkio weight is from 10 to 1000, got ${text}`);
  return weight;
}
