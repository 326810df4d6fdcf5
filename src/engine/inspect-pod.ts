import { getContainer } from '../libpod/container.ts';
import { inspectMounts } from '../libpod/inspect-mounts.ts';
import { portBindings } from '../libpod/inspect-network.ts';
import { namespaceMode } from '../libpod/inspect-host-config.ts';
import type { InspectDocument } from '../libpod/inspected.ts';
import { displayState } from '../libpod/transitions.ts';
import type { ContainerSpec, DeviceLimit, ResourcesSpec } from '../specgen/container-spec.ts';
import { withProgram } from '../specgen/spec-generator.ts';
import type { Engine } from './engine.ts';
import { lookAtPod, podCgroupParent } from './list-pods.ts';
import { getPodByName } from './pods.ts';

/** podman's document of `pod inspect`. Throws NotFoundError. */
export async function inspectPod(engine: Engine, nameOrId: string): Promise<InspectDocument> {
  const pod = await getPodByName(engine, nameOrId);
  const { status, containers, networks } = await lookAtPod(engine, pod);
  const infra = pod.infraId === undefined ? undefined : getContainer(engine.db, pod.infraId);
  const { spec } = pod;
  const mounts = infra === undefined ? [] : inspectMounts(engine, infra.spec.mounts);
  return {
    Id: pod.id,
    Name: pod.name,
    Created: pod.createdAt,
    CreateCommand: withProgram(spec.createCommand),
    ExitPolicy: spec.exitPolicy,
    State: status,
    Hostname: spec.hostname,
    ...(Object.keys(spec.labels).length === 0 ? {} : { Labels: spec.labels }),
    CreateCgroup: spec.cgroup !== undefined,
    ...(spec.cgroup === undefined ? {} : { CgroupParent: podCgroupParent(pod), CgroupPath: spec.cgroup }),
    CreateInfra: infra !== undefined,
    ...(infra === undefined
      ? {}
      : { InfraContainerID: infra.id, InfraConfig: infraConfig(infra.spec, networks) }),
    ...(spec.shares.length === 0 ? {} : { SharedNamespaces: spec.shares }),
    NumContainers: containers.length,
    ...(containers.length === 0
      ? {}
      : {
          Containers: containers.map(({ id, name, state }) => ({
            Id: id,
            Name: name,
            State: displayState(state),
          })),
        }),
    ...(mounts.length === 0 ? {} : { mounts }),
    ...(spec.inherited.device.length === 0 ? {} : { devices: devicesOf(spec.inherited.device) }),
    ...(spec.inherited.securityOpt.length === 0 ? {} : { security_opt: spec.inherited.securityOpt }),
    ...limitsOf(spec.resources),
    ...(spec.restart === undefined ? {} : { RestartPolicy: spec.restart }),
    // There is no table of locks; podman's readers expect the member.
    LockNumber: 0,
  };
}

function infraConfig(spec: ContainerSpec, networks: readonly string[]): InspectDocument {
  const { network, namespaces } = spec;
  const attachment = network.mode.mode === 'bridge' ? network.mode.networks[0] : undefined;
  return {
    PortBindings: portBindings(network.ports),
    HostNetwork: network.mode.mode === 'host',
    StaticIP: attachment?.staticIps[0] ?? '',
    StaticMAC: attachment?.staticMac ?? '',
    NoManageResolvConf: !network.manageResolvConf,
    DNSServer: orNull(network.dnsServers),
    DNSSearch: orNull(network.dnsSearch),
    DNSOption: orNull(network.dnsOptions),
    NoManageHostname: !network.manageHostname,
    NoManageHosts: !network.manageHosts,
    HostAdd: orNull(network.addHosts),
    HostsFile: '',
    Networks: orNull(networks),
    NetworkOptions: null,
    pid_ns: namespaceMode(namespaces.pid),
    userns: namespaceMode(namespaces.user),
    uts_ns: namespaceMode(namespaces.uts),
  };
}

function orNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/** podman's members, each only where there is such a limit. */
function limitsOf(resources: ResourcesSpec | undefined): InspectDocument {
  if (resources === undefined) return {};
  const { blkioWeightDevice, throttle } = resources;
  const rates = (limits: readonly DeviceLimit[] | undefined) =>
    limits?.map(({ path, value }) => ({ Path: path, Rate: value }));
  const members = {
    cpu_period: resources.cpuPeriod,
    cpu_quota: resources.cpuQuota,
    cpu_shares: resources.cpuShares,
    cpuset_cpus: resources.cpusetCpus,
    cpuset_mems: resources.cpusetMems,
    device_read_bps: rates(throttle?.readBps),
    device_write_bps: rates(throttle?.writeBps),
    memory_limit: resources.memory,
    memory_swap: resources.memorySwap,
    blkio_weight: resources.blkioWeight,
    blkio_weight_device: blkioWeightDevice?.map(({ path, value }) => ({ Path: path, Weight: value })),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function devicesOf(flags: readonly string[]): InspectDocument[] {
  return flags.map((flag) => {
    const [source = '', destination = source] = flag.split(':');
    return { PathOnHost: source, PathInContainer: destination, CgroupPermissions: '' };
  });
}
