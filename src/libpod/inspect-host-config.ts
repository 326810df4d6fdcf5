import { humanSize } from '../base/human-size.ts';
import { UNLIMITED } from '../oci/runtime-json.ts';
import type {
  ContainerSpec,
  DeviceLimit,
  NamespaceMode,
  UserNamespaceSpec,
} from '../specgen/container-spec.ts';
import { runtimeAnnotations } from '../specgen/to-runtime-spec.ts';
import { getContainer } from './container.ts';
import { logPath } from './container-paths.ts';
import type { InspectDocument, Inspected } from './inspected.ts';
import { capabilityChanges } from './inspect-capabilities.ts';
import { sorted } from './inspect-config.ts';
import { inspectBinds, inspectTmpfs } from './inspect-mounts.ts';
import { networkMode, portBindings } from './inspect-network.ts';

/** Docker's shape, as podman fills it: zero where nothing was asked for. */
export function inspectHostConfig(inspected: Inspected, bounding: string[] | null): InspectDocument {
  const { libpod, record, running } = inspected;
  const { spec } = record;
  const { network, namespaces, security } = spec;
  const capabilities = capabilityChanges(spec, bounding);
  return {
    Binds: inspectBinds(spec.mounts),
    CgroupManager: inspected.cgroupManager,
    CgroupMode: namespaceMode(namespaces.cgroup),
    ContainerIDFile: spec.cidFile ?? '',
    LogConfig: {
      Type: spec.log.driver,
      Config: null,
      Path: logPath(libpod.paths, record.id, spec) ?? '',
      Tag: spec.log.tag ?? '',
      Size: humanSize(Math.max(0, spec.log.maxSize)),
    },
    NetworkMode: networkMode(spec),
    PortBindings: portBindings(network.ports),
    RestartPolicy: { Name: spec.restart.name, MaximumRetryCount: spec.restart.maximumRetryCount },
    AutoRemove: spec.autoRemove,
    AutoRemoveImage: false,
    Annotations: sorted(running?.annotations ?? runtimeAnnotations(spec)),
    VolumeDriver: '',
    VolumesFrom: null,
    CapAdd: capabilities.add,
    CapDrop: capabilities.drop,
    Dns: network.dnsServers,
    DnsOptions: network.dnsOptions,
    DnsSearch: network.dnsSearch,
    ExtraHosts: network.addHosts,
    HostsFile: network.hostsFile ?? '',
    GroupAdd: spec.process.groupAdd,
    IpcMode: namespaceMode(namespaces.ipc),
    Cgroup: '',
    Cgroups: spec.resources.cgroups === 'enabled' ? 'default' : spec.resources.cgroups,
    Links: legacyLinks(inspected),
    OomScoreAdj: spec.process.oomScoreAdj ?? 0,
    PidMode: namespaceMode(namespaces.pid),
    Privileged: security.privileged,
    PublishAllPorts: network.publishAll,
    ReadonlyRootfs: spec.readOnlyRootfs,
    SecurityOpt: securityOptions(spec),
    Tmpfs: inspectTmpfs(spec.mounts),
    UTSMode: namespaceMode(namespaces.uts),
    UsernsMode: namespaces.user.mode === 'host' ? '' : namespaceMode(namespaces.user),
    ...(spec.userNamespace === undefined ? {} : { IDMappings: idMappings(spec.userNamespace) }),
    ShmSize: spec.shmSize,
    Runtime: 'oci',
    ConsoleSize: [0, 0],
    Isolation: '',
    ...resources(spec),
    Ulimits: (running?.process.rlimits ?? spec.process.rlimits).map(({ type, soft, hard }) => ({
      Name: type,
      Soft: limit(soft),
      Hard: limit(hard),
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    CgroupConf: spec.resources.unified ?? null,
  };
}

/** `/TARGET:/OWNER/ALIAS`: those that hold on the default network. */
function legacyLinks({ libpod, record: { name, spec } }: Inspected): string[] | null {
  const { mode, links = [] } = spec.network;
  const isDefault = mode.mode === 'bridge' && mode.networks[0]?.name === libpod.config.network.defaultNetwork;
  const own = isDefault ? links.filter(({ network }) => network === undefined) : [];
  if (own.length === 0) return null;
  return own.map(({ containerId, target, alias }) => {
    const now = getContainer(libpod.db, containerId);
    return `/${now?.name ?? target}:/${name}/${alias}`;
  });
}

function idMappings({ uids, gids }: UserNamespaceSpec): InspectDocument {
  const lines = (ranges: UserNamespaceSpec['uids']) =>
    ranges.map(({ containerId, hostId, size }) => `${containerId}:${hostId}:${size}`);
  return { UidMap: lines(uids), GidMap: lines(gids) };
}

function resources(spec: ContainerSpec): InspectDocument {
  const asked = spec.resources;
  const throttle = asked.throttle ?? {};
  const hasMemory = [asked.memory, asked.memoryReservation, asked.memorySwap, asked.memorySwappiness].some(
    (value) => value !== undefined,
  );
  return {
    CpuShares: asked.cpuShares ?? 0,
    Memory: asked.memory ?? 0,
    // Thousandths of a CPU can be told only for the period that --cpus uses.
    NanoCpus: asked.cpuPeriod === 100_000 ? 10_000 * (asked.cpuQuota ?? 0) : 0,
    CgroupParent: asked.cgroupParent ?? '',
    BlkioWeight: asked.blkioWeight ?? 0,
    BlkioWeightDevice:
      asked.blkioWeightDevice?.map(({ path, value }) => ({ Path: path, Weight: value })) ??
      (asked.blkioWeight === undefined ? null : []),
    BlkioDeviceReadBps: rates(throttle.readBps),
    BlkioDeviceWriteBps: rates(throttle.writeBps),
    BlkioDeviceReadIOps: rates(throttle.readIops),
    BlkioDeviceWriteIOps: rates(throttle.writeIops),
    CpuPeriod: asked.cpuPeriod ?? 0,
    CpuQuota: asked.cpuQuota ?? 0,
    CpuRealtimePeriod: asked.cpuRtPeriod ?? 0,
    CpuRealtimeRuntime: asked.cpuRtRuntime ?? 0,
    CpusetCpus: asked.cpusetCpus ?? '',
    CpusetMems: asked.cpusetMems ?? '',
    Devices: spec.security.privileged
      ? []
      : spec.devices.map(({ source, destination }) => ({
          PathOnHost: source,
          PathInContainer: destination,
          CgroupPermissions: '',
        })),
    DiskQuota: 0,
    KernelMemory: 0,
    MemoryReservation: asked.memoryReservation ?? 0,
    MemorySwap: asked.memorySwap ?? 0,
    MemorySwappiness: asked.memorySwappiness ?? (hasMemory ? -1 : 0),
    OomKillDisable: asked.oomKillDisable ?? false,
    ...(spec.init === undefined ? {} : { Init: true }),
    PidsLimit: asked.pidsLimit ?? 0,
  };
}

function rates(limits: readonly DeviceLimit[] | undefined): InspectDocument[] | null {
  return limits?.map(({ path, value }) => ({ Path: path, Rate: value })) ?? null;
}

export function namespaceMode(mode: NamespaceMode): string {
  if (mode.mode === 'container') return `container:${mode.id}`;
  if (mode.mode === 'path') return `ns:${mode.path}`;
  return mode.mode;
}

function securityOptions({ security }: ContainerSpec): string[] {
  return [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...security.selinux.map((label) => `label=${label}`),
    ...(security.seccomp === undefined ? [] : [`seccomp=${security.seccomp}`]),
    ...(security.seccompProfile === undefined ? [] : [`seccomp=${JSON.stringify(security.seccompProfile)}`]),
    ...(security.apparmor === undefined ? [] : [`apparmor=${security.apparmor}`]),
    ...(security.privileged || security.unmask.includes('ALL') ? ['unmask=all'] : []),
  ];
}

/** Unlimited is -1. */
function limit(value: number): number {
  return value >= UNLIMITED ? -1 : value;
}
