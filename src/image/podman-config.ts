/** What podman (3 to 5) notes down about a container, as far as it is read here. Go writes absent lists as null. */
export interface PodmanConfig {
  id?: string;
  name?: string;
  spec?: PodmanOciSpec;
  pod?: string;
  CreateCommand?: string[] | null;
  RawImageName?: string;
  rootfsImageID?: string;
  rootfsImageName?: string;
  rootfs?: string;
  rootfs_overlay?: boolean;
  /** The infra container of a pod. */
  pause?: boolean;
  /** Holds what `podman kube play` made. */
  isService?: boolean;
  idMappingsOptions?: {
    UIDMap?: PodmanIdMap[] | null;
    GIDMap?: PodmanIdMap[] | null;
    AutoUserNs?: boolean;
    AutoUserNsOpts?: { Size?: number };
  };
  addCurrentUserPasswdEntry?: boolean;
  Dependencies?: string[] | null;
  shmSize?: number;
  NOShm?: boolean;
  NOShmShare?: boolean;
  staticDir?: string;
  namedVolumes?: { volumeName?: string; dest?: string; options?: string[] | null; subPath?: string }[] | null;
  overlayVolumes?: { source?: string; dest?: string; options?: string[] | null }[] | null;
  ctrImageVolumes?: { source?: string; dest?: string; rw?: boolean; subPath?: string }[] | null;
  createWorkingDir?: boolean;
  secrets?: { name?: string; UID?: number; GID?: number; Mode?: number; Target?: string }[] | null;
  secret_env?: Record<string, { name?: string } | null> | null;
  storageOpts?: Record<string, string> | null;
  passwd?: boolean | null;
  passwd_entry?: string;
  group_entry?: string;
  hostUsers?: string[] | null;
  chroot_directories?: string[] | null;
  privileged?: boolean;
  labelopts?: string[] | null;
  user?: string;
  groups?: string[] | null;
  ipcNsCtr?: string;
  netNsCtr?: string;
  pidNsCtr?: string;
  userNsCtr?: string;
  utsNsCtr?: string;
  cgroupNsCtr?: string;
  createNetNS?: boolean;
  networkMode?: string;
  network_options?: Record<string, string[] | null> | null;
  newNetworks?: PodmanNetworks | null;
  newPortMappings?: PodmanPort[] | null;
  exposedPorts?: Record<string, string[] | null> | null;
  UseImageResolvConf?: boolean;
  dnsServer?: string[] | null;
  dnsSearch?: string[] | null;
  dnsOption?: string[] | null;
  UseImageHosts?: boolean;
  BaseHostsFile?: string;
  hostsAdd?: string[] | null;
  entrypoint?: string[] | null;
  command?: string[] | null;
  stdin?: boolean;
  labels?: Record<string, string> | null;
  stopSignal?: number;
  stopTimeout?: number;
  timeout?: number;
  cgroupsMode?: string;
  noCgroups?: boolean;
  cgroupParent?: string;
  logPath?: string;
  logTag?: string;
  logSize?: number;
  logDriver?: string;
  restart_policy?: string;
  restart_retries?: number;
  sdnotifyMode?: string;
  systemd?: boolean | null;
  healthcheck?: PodmanHealth | null;
  healthcheck_on_failure_action?: number;
  startupHealthCheck?: (PodmanHealth & { Successes?: number }) | null;
  healthLogDestination?: string | null;
  healthMaxLogCount?: number | null;
  healthMaxLogSize?: number | null;
  timezone?: string;
  umask?: string;
  init_container_type?: string;
  cdiDevices?: string[] | null;
  device_host_src?: { path?: string }[] | null;
}

export interface PodmanOciSpec {
  hostname?: string;
  domainname?: string;
  annotations?: Record<string, string> | null;
  root?: { readonly?: boolean };
  process?: {
    terminal?: boolean;
    args?: string[] | null;
    env?: string[] | null;
    cwd?: string;
    capabilities?: { bounding?: string[] | null };
    rlimits?: { type: string; soft: number; hard: number }[] | null;
    noNewPrivileges?: boolean;
    apparmorProfile?: string;
    oomScoreAdj?: number;
  };
  mounts?: { destination: string; type?: string; source?: string; options?: string[] | null }[] | null;
  linux?: {
    sysctl?: Record<string, string> | null;
    namespaces?: { type: string; path?: string }[] | null;
    seccomp?: object | null;
    maskedPaths?: string[] | null;
    readonlyPaths?: string[] | null;
    devices?: { path: string; type: string; major: number; minor: number }[] | null;
    resources?: PodmanResources | null;
    intelRdt?: { closID?: string } | null;
    personality?: { domain?: string } | null;
  };
}

export interface PodmanResources {
  devices?: { allow: boolean; type?: string; major?: number; minor?: number; access?: string }[] | null;
  memory?: {
    limit?: number;
    reservation?: number;
    swap?: number;
    swappiness?: number;
    disableOOMKiller?: boolean;
  } | null;
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  } | null;
  pids?: { limit?: number } | null;
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[] | null;
    throttleReadBpsDevice?: PodmanThrottle[] | null;
    throttleWriteBpsDevice?: PodmanThrottle[] | null;
    throttleReadIOPSDevice?: PodmanThrottle[] | null;
    throttleWriteIOPSDevice?: PodmanThrottle[] | null;
  } | null;
  unified?: Record<string, string> | null;
}

export interface PodmanThrottle {
  major: number;
  minor: number;
  rate: number;
}

export interface PodmanHealth {
  Test?: string[] | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  Retries?: number;
}

export interface PodmanIdMap {
  container_id: number;
  host_id: number;
  size: number;
}

export interface PodmanPort {
  host_ip?: string;
  container_port?: number;
  host_port?: number;
  range?: number;
  protocol?: string;
}

export type PodmanNetworks = Record<
  string,
  {
    static_ips?: string[] | null;
    aliases?: string[] | null;
    static_mac?: string;
    interface_name?: string;
  } | null
>;

export interface PodmanPodConfig {
  id?: string;
  name?: string;
  labels?: Record<string, string> | null;
  cgroupParent?: string;
  hostname?: string;
  sharesCgroup?: boolean;
  sharesIpc?: boolean;
  sharesNet?: boolean;
  sharesMnt?: boolean;
  sharesPid?: boolean;
  sharesUts?: boolean;
  sharesCgroupNS?: boolean;
  hasInfra?: boolean;
  ExitPolicy?: string;
  RestartPolicy?: string;
  RestartRetries?: number | null;
  ServiceContainerID?: string;
  serviceContainerID?: string;
  ResourceLimits?: PodmanResources | null;
}

export interface PodmanVolumeConfig {
  labels?: Record<string, string> | null;
  volumeOptions?: Record<string, string> | null;
  volumeDriver?: string;
  /** Made for one container. */
  isAnon?: boolean;
}
