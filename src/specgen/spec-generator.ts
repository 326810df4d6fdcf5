import type { OciResources } from '../oci/runtime-spec.ts';
import type {
  ContainerSpec,
  DeviceLimit,
  NamespaceMode,
  NetworkSpec,
  ResourcesSpec,
  SecuritySpec,
} from './container-spec.ts';
import type { MountSpec } from './mount-spec.ts';

export type SpecDocument = Record<string, unknown>;

/** podman's SpecGenerator: what a container is made of, as its API takes it. Members that say nothing are left out. */
export function specGenerator(
  spec: ContainerSpec,
  pod: { id: string; infraId: string | undefined } | undefined,
): SpecDocument {
  const { process, log, healthcheck } = spec;
  return told({
    name: spec.name,
    image: spec.rootfs === undefined ? spec.imageName : undefined,
    raw_image_name: spec.rootfs === undefined ? spec.rawImageName : undefined,
    rootfs: spec.rootfs?.path,
    rootfs_overlay: spec.rootfs?.overlay,
    rootfs_mapping: spec.rootfs?.idmap,
    pod: pod?.id,
    init_container_type: spec.podRole?.startsWith('init-') ? spec.podRole.slice('init-'.length) : undefined,
    containerCreateCommand: withProgram(spec.createCommand),
    dependencyContainers: spec.requires?.filter((id) => id !== pod?.infraId),
    entrypoint: process.entrypoint,
    command: process.command,
    env: Object.fromEntries(process.env.map(halves)),
    terminal: process.terminal,
    stdin: process.stdin,
    labels: spec.labels,
    annotations: spec.annotations,
    stop_signal: spec.stopSignal,
    stop_timeout: spec.stopTimeout,
    timeout: spec.timeout,
    user: process.user,
    groups: process.groupAdd,
    work_dir: process.workdir,
    create_working_dir: process.workdirExists !== true,
    umask: process.umask?.toString(8).padStart(4, '0'),
    timezone: spec.timezone,
    remove: spec.autoRemove,
    init: spec.init !== undefined,
    init_path: spec.init?.path,
    restart_policy: spec.restart.name === 'no' ? undefined : spec.restart.name,
    restart_tries: spec.restart.maximumRetryCount,
    healthconfig: healthcheck,
    hostname: spec.hostname,
    log_configuration: told({
      driver: log.driver,
      path: log.path,
      size: Math.max(0, log.maxSize),
      options: told({
        tag: log.tag,
        ...(log.maxFiles > 1 ? { 'max-file': String(log.maxFiles) } : {}),
        labels: log.attributes?.labels?.join(','),
        'labels-regex': log.attributes?.labelsRegex,
        env: log.attributes?.env?.join(','),
        'env-regex': log.attributes?.envRegex,
      }),
    }),
    secrets: (spec.secrets ?? []).flatMap((use) =>
      use.type === 'mount'
        ? [{ Source: use.name, Target: use.target, UID: use.uid, GID: use.gid, Mode: use.mode }]
        : [],
    ),
    secret_env: Object.fromEntries(
      (spec.secrets ?? []).flatMap((use) => (use.type === 'env' ? [[use.target, use.name]] : [])),
    ),
    expose: Object.fromEntries(
      spec.exposedPorts.map((text) => {
        const [port = '', protocol = 'tcp'] = text.split('/');
        return [port, protocol];
      }),
    ),
    ...mountMembers(spec.mounts),
    ...namespaceMembers(spec, pod?.infraId),
    ...networkMembers(spec.network, pod?.infraId),
    ...securityMembers(spec.security),
    read_only_filesystem: spec.readOnlyRootfs,
    // Without a read-only root it has no meaning.
    read_write_tmpfs: spec.readOnlyRootfs ? spec.readOnlyTmpfs : undefined,
    sysctl: spec.sysctl,
    shm_size: spec.shmSize,
    oom_score_adj: process.oomScoreAdj,
    devices: spec.devices.map(({ source, destination, permissions }) => ({
      path: `${source}:${destination}:${permissions}`,
    })),
    r_limits: process.rlimits.map(({ type, soft, hard }) => ({
      type: type.replace(/^RLIMIT_/, '').toLowerCase(),
      soft,
      hard,
    })),
    cgroup_parent: pod === undefined ? spec.resources.cgroupParent : undefined,
    cgroups_mode: spec.resources.cgroups === 'enabled' ? undefined : spec.resources.cgroups,
    storage_opts: told(
      Object.fromEntries(
        Object.entries(spec.storageLimits ?? {}).map(([key, value]) => [key, String(value)]),
      ),
    ),
    ...limitMembers(spec.resources),
  });
}

function mountMembers(mounts: readonly MountSpec[]): SpecDocument {
  return {
    mounts: mounts.flatMap((mount): SpecDocument[] => {
      const { type, destination, options } = mount as {
        type: string;
        destination: string;
        options: string[];
      };
      if (mount.type === 'bind')
        return [
          {
            type,
            source: mount.source,
            destination,
            options: [mount.recursive ? 'rbind' : 'bind', ...options],
          },
        ];
      if (mount.type !== 'tmpfs') return [];
      return [{ type, source: 'tmpfs', destination, options: tmpfsOptions(mount) }];
    }),
    volumes: mounts.flatMap((mount): SpecDocument[] => {
      if (mount.type !== 'volume' && mount.type !== 'image-volume') return [];
      const isAnonymous = mount.type === 'image-volume' || mount.anonymous;
      return [
        told({
          Name: isAnonymous ? undefined : mount.name,
          Dest: mount.destination,
          Options: mount.options,
          IsAnonymous: isAnonymous,
          SubPath: mount.type === 'volume' ? mount.subpath : undefined,
        }),
      ];
    }),
    image_volumes: mounts.flatMap((mount): SpecDocument[] =>
      mount.type === 'image'
        ? [
            told({
              Source: mount.image,
              Destination: mount.destination,
              ReadWrite: mount.options.includes('rw'),
              subPath: mount.subpath,
            }),
          ]
        : [],
    ),
  };
}

/** Others cannot see it in any case: the API adds that itself. */
function tmpfsOptions({ options, copyUp }: Extract<MountSpec, { type: 'tmpfs' }>): string[] {
  return [...options.filter((option) => option !== 'rprivate'), ...(copyUp ? [] : ['notmpcopyup'])];
}

/** What is shared with the infra container follows from the pod. */
function namespaceMembers({ namespaces }: ContainerSpec, infraId: string | undefined): SpecDocument {
  const member = (mode: NamespaceMode): SpecDocument | undefined => {
    if (mode.mode === 'container')
      return mode.id === infraId ? undefined : { nsmode: mode.mode, value: mode.id };
    return mode.mode === 'path' ? { nsmode: 'path', value: mode.path } : { nsmode: mode.mode };
  };
  const { pid, ipc, uts, cgroup, user } = namespaces;
  return {
    pidns: member(pid),
    ipcns: member(ipc),
    utsns: member(uts),
    cgroupns: member(cgroup),
    // A mapping of ids is drawn anew for every container.
    userns: user.mode === 'private' ? undefined : member(user),
  };
}

/** Of a container, or of the infra container for its pod. */
export function networkMembers(network: NetworkSpec, infraId?: string): SpecDocument {
  const { mode } = network;
  if (mode.mode === 'container' && mode.id === infraId) return {};
  const value =
    mode.mode === 'container'
      ? mode.id
      : mode.mode === 'ns'
        ? mode.path
        : 'options' in mode
          ? mode.options.join(',')
          : '';
  const nsmode = mode.mode === 'ns' ? 'path' : mode.mode;
  return {
    netns: value === '' ? { nsmode } : { nsmode, value },
    Networks:
      mode.mode === 'bridge'
        ? Object.fromEntries(
            mode.networks.map(({ name, aliases, staticIps, staticMac, interfaceName }) => [
              name,
              told({ aliases, static_ips: staticIps, static_mac: staticMac, interface_name: interfaceName }),
            ]),
          )
        : undefined,
    portmappings: network.ports.map(({ hostIp, hostPort, containerPort, protocol, range }) => ({
      host_ip: hostIp,
      host_port: hostPort,
      container_port: containerPort,
      protocol,
      range,
    })),
    publish_image_ports: network.publishAll,
    dns_server: network.dnsServers,
    dns_search: network.dnsSearch,
    dns_option: network.dnsOptions,
    hostadd: network.addHosts,
    use_image_hosts: !network.manageHosts,
  };
}

function securityMembers(security: SecuritySpec): SpecDocument {
  return {
    privileged: security.privileged,
    cap_add: security.capAdd,
    cap_drop: security.capDrop,
    selinux_opts: security.selinux,
    apparmor_profile: security.apparmor,
    seccomp_profile_path: security.seccomp,
    no_new_privileges: security.noNewPrivileges,
    mask: security.mask,
    unmask: security.unmask,
  };
}

export function limitMembers(resources: ResourcesSpec): SpecDocument {
  const { throttle, blkioWeightDevice } = resources;
  const limits: { [Part in keyof OciResources]: unknown } = {
    memory: told({
      limit: resources.memory,
      reservation: resources.memoryReservation,
      swap: resources.memorySwap,
      swappiness: resources.memorySwappiness,
      disableOOMKiller: resources.oomKillDisable,
    }),
    cpu: told({
      shares: resources.cpuShares,
      period: resources.cpuPeriod,
      quota: resources.cpuQuota,
      realtimePeriod: resources.cpuRtPeriod,
      realtimeRuntime: resources.cpuRtRuntime,
      cpus: resources.cpusetCpus,
      mems: resources.cpusetMems,
    }),
    // What every container has is not asked for.
    pids: told({ limit: resources.pidsLimitGiven ? resources.pidsLimit : undefined }),
    blockIO: told({ weight: resources.blkioWeight }),
    unified: resources.unified,
  };
  return {
    resource_limits: told(limits),
    weightDevice: byPath(blkioWeightDevice, 'weight'),
    throttleReadBpsDevice: byPath(throttle?.readBps, 'rate'),
    throttleWriteBpsDevice: byPath(throttle?.writeBps, 'rate'),
    throttleReadIOPSDevice: byPath(throttle?.readIops, 'rate'),
    throttleWriteIOPSDevice: byPath(throttle?.writeIops, 'rate'),
  };
}

function byPath(limits: readonly DeviceLimit[] | undefined, word: 'rate' | 'weight'): SpecDocument {
  return Object.fromEntries((limits ?? []).map(({ path, value }) => [path, { [word]: value }]));
}

/** podman's begins with the program's name. */
export function withProgram(words: readonly string[]): string[] {
  return words.length === 0 ? [] : ['tspod', ...words];
}

/** Without what is absent, empty, false or nothing, as Go leaves it out. */
export function told(members: SpecDocument): SpecDocument {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => {
      if (value === undefined || value === null || value === '' || value === false || value === 0)
        return false;
      return typeof value !== 'object' || Object.keys(value).length > 0;
    }),
  );
}

function halves(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
