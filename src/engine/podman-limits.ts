import { readFileSync } from 'node:fs';
import { InvalidSpecError } from '../base/errors.ts';
import type { PodmanConfig, PodmanResources, PodmanThrottle } from '../image/podman-config.ts';
import { pairs, type PartlyOptions, type PodmanAround } from './podman-around.ts';

/** Rights, devices and limits of podman's document. */
export function podmanLimits(config: PodmanConfig, around: PodmanAround): PartlyOptions {
  const isPrivileged =
    config.privileged === true || config.spec?.annotations?.['io.podman.annotations.privileged'] === 'TRUE';
  const linux = config.spec?.linux ?? {};
  return {
    privileged: isPrivileged ? true : undefined,
    ...(isPrivileged ? {} : capabilityOptions(config, around)),
    securityOpt: securityOf(config, isPrivileged),
    sysctl: pairs(linux.sysctl ?? {}).filter((text) => text !== USUAL_SYSCTL),
    device: [...(config.device_host_src ?? []).map(({ path }) => path ?? ''), ...(config.cdiDevices ?? [])],
    deviceCgroupRule: isPrivileged ? [] : deviceRules(config),
    ulimit: ulimitsOf(config),
    storageOpt: pairs(config.storageOpts ?? {}),
    oomScoreAdj: config.spec?.process?.oomScoreAdj || undefined,
    rdtClass: linux.intelRdt?.closID || undefined,
    personality: linux.personality?.domain || undefined,
    cgroups: config.noCgroups === true ? 'disabled' : chosen(config.cgroupsMode, ['enabled']),
    cgroupParent: config.pod ? undefined : chosen(config.cgroupParent, USUAL_PARENTS),
    ...resourceOptions(linux.resources ?? {}),
  };
}

const USUAL_SYSCTL = 'net.ipv4.ping_group_range=0 0';
const USUAL_PARENTS = ['/libpod_parent', 'machine.slice', 'user.slice'];

/** Undefined where it is one of the defaults. */
function chosen(value: string | undefined, usual: readonly string[]): string | undefined {
  return value === undefined || value === '' || usual.includes(value) ? undefined : value;
}

/** The bounding set against what a container has by default. */
function capabilityOptions({ spec }: PodmanConfig, { defaultCapabilities }: PodmanAround): PartlyOptions {
  const has = spec?.process?.capabilities?.bounding ?? [];
  if (has.length === 0) return { capDrop: ['all'] };
  return {
    capAdd: has.filter((name) => !defaultCapabilities.includes(name)),
    capDrop: defaultCapabilities.filter((name) => !has.includes(name)),
  };
}

/** Masked by every podman of these years: one that is missing was unmasked. */
const ALWAYS_MASKED = [
  ...[
    '/proc/acpi',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
    '/proc/timer_stats',
  ],
  ...['/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/fs/selinux', '/sys/dev/block'],
];
const SOMETIMES_MASKED = [...['/proc/interrupts', '/sys/devices/virtual/powercap']];
const ALWAYS_READ_ONLY = [
  ...['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
];

function securityOf(config: PodmanConfig, isPrivileged: boolean): string[] {
  const { spec } = config;
  const annotation = (name: string): string | undefined =>
    spec?.annotations?.[`io.podman.annotations.${name}`];
  const seccomp = annotation('seccomp') ?? (spec?.linux?.seccomp || isPrivileged ? undefined : 'unconfined');
  const [label, apparmor] = [annotation('label'), annotation('apparmor')];
  return [
    ...(label ? [`label=${label}`] : []),
    ...(apparmor ? [`apparmor=${apparmor}`] : []),
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    ...(spec?.process?.noNewPrivileges === true ? ['no-new-privileges'] : []),
    ...(isPrivileged ? [] : maskWords(config)),
  ];
}

function maskWords({ spec }: PodmanConfig): string[] {
  const [masked, readOnly] = [spec?.linux?.maskedPaths ?? [], spec?.linux?.readonlyPaths ?? []];
  if (masked.length === 0 && readOnly.length === 0) return ['unmask=ALL'];
  const shown = [
    ...ALWAYS_MASKED.filter((path) => !masked.includes(path)),
    ...ALWAYS_READ_ONLY.filter((path) => !readOnly.includes(path)),
  ];
  const hidden = masked.filter(
    (path) => !ALWAYS_MASKED.includes(path) && !SOMETIMES_MASKED.includes(path) && !THERMAL.test(path),
  );
  return [...shown.map((path) => `unmask=${path}`), ...hidden.map((path) => `mask=${path}`)];
}

/** One for each processor, since 5.6. */
const THERMAL = /^\/sys\/devices\/system\/cpu\/cpu\d+\/thermal_throttle$/;

/** Rules beyond those that devices bring with them. */
function deviceRules({ spec }: PodmanConfig): string[] {
  const { devices, resources } = spec?.linux ?? {};
  const number = (value: number | undefined): string =>
    value === undefined || value < 0 ? '*' : String(value);
  return (resources?.devices ?? [])
    .filter(({ allow }) => allow)
    .filter(
      (rule) =>
        !(devices ?? []).some(
          ({ type, major, minor }) => type === rule.type && major === rule.major && minor === rule.minor,
        ),
    )
    .map(
      ({ type = 'a', major, minor, access = 'rwm' }) => `${type} ${number(major)}:${number(minor)} ${access}`,
    );
}

/** Two are there in any case: they were asked for if the command line says so, or if there was none. */
function ulimitsOf({ spec, CreateCommand }: PodmanConfig): string[] {
  const command = (CreateCommand ?? []).join(' ');
  return (spec?.process?.rlimits ?? [])
    .map(({ type, soft, hard }) => ({ name: type.replace('RLIMIT_', '').toLowerCase(), soft, hard }))
    .filter(
      ({ name, soft }) =>
        !['nofile', 'nproc'].includes(name) ||
        (command === '' ? soft !== USUAL_LIMIT : new RegExp(`--ulimit[= ]"?${name}=`).test(command)),
    )
    .map(({ name, soft, hard }) => `${name}=${soft}:${hard}`);
}

const USUAL_LIMIT = 1_048_576;
const USUAL_PIDS = 2048;

export function resourceOptions(resources: PodmanResources): PartlyOptions {
  const { memory, cpu, pids, blockIO, unified } = resources;
  const bytes = (value: number | undefined): string | undefined =>
    value === undefined || value === 0 ? undefined : value < 0 ? '-1' : `${value}b`;
  const limits = (list: readonly PodmanThrottle[] | null | undefined, unit: string): string[] =>
    (list ?? []).map(({ major, minor, rate }) => `${deviceNode(major, minor)}:${rate}${unit}`);
  return {
    memory: bytes(memory?.limit),
    memoryReservation: bytes(memory?.reservation),
    memorySwap: bytes(memory?.swap),
    memorySwappiness: memory?.swappiness,
    oomKillDisable: memory?.disableOOMKiller === true ? true : undefined,
    cpuShares: cpu?.shares || undefined,
    cpuQuota: cpu?.quota || undefined,
    cpuPeriod: cpu?.period || undefined,
    cpuRtRuntime: cpu?.realtimeRuntime || undefined,
    cpuRtPeriod: cpu?.realtimePeriod || undefined,
    cpusetCpus: cpu?.cpus || undefined,
    cpusetMems: cpu?.mems || undefined,
    pidsLimit: pids?.limit === USUAL_PIDS ? undefined : pids?.limit,
    blkioWeight: blockIO?.weight ? String(blockIO.weight) : undefined,
    blkioWeightDevice: (blockIO?.weightDevice ?? []).map(
      ({ major, minor, weight }) => `${deviceNode(major, minor)}:${weight}`,
    ),
    deviceReadBps: limits(blockIO?.throttleReadBpsDevice, 'b'),
    deviceWriteBps: limits(blockIO?.throttleWriteBpsDevice, 'b'),
    deviceReadIops: limits(blockIO?.throttleReadIOPSDevice, ''),
    deviceWriteIops: limits(blockIO?.throttleWriteIOPSDevice, ''),
    cgroupConf: pairs(unified ?? {}),
  };
}

/** Podman keeps the numbers only. */
function deviceNode(major: number, minor: number): string {
  try {
    const text = readFileSync(`/sys/dev/block/${major}:${minor}/uevent`, 'utf8');
    const name = /^DEVNAME=(.+)$/m.exec(text)?.[1];
    if (name !== undefined) return `/dev/${name}`;
  } catch {
    // Told below.
  }
  throw new InvalidSpecError(`its limit is for the block device ${major}:${minor}, which is not here`);
}
