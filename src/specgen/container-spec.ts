import type { HealthcheckConfig } from '../oci/image-spec.ts';
import type { MountSpec } from './mount-spec.ts';
import type { SeccompProfile } from './seccomp.ts';

export type { MountSpec } from './mount-spec.ts';

/**
 * The persisted intent of a container: CLI flags, Docker JSON and others become this once, completed from image and configuration,
 * and it is stored as is. Facts (pids, mount points, network status) live in the state, not here.
 */
export interface ContainerSpec {
  version: 1;
  name: string;
  imageId: string | undefined;
  /** The name it was asked for by, normalised (`docker.io/library/busybox:latest`); '' for a rootfs. */
  imageName: string;
  /** As typed. */
  rawImageName: string;
  /** The root is a directory of the host; there is no image then. */
  rootfs?: RootDirectory;
  /** The create command line for inspect's Config.CreateCommand. */
  createCommand: string[];
  process: ProcessSpec;
  /** It is prepared for systemd as its first process. */
  systemd?: true;
  /** Name of the OCI runtime; absent: what `--runtime`, configuration and host say at the start. */
  runtime?: string;
  hostname: string | undefined;
  /** Without a host name it is the container's own, not the id. */
  nameAsHostname?: true;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  mounts: MountSpec[];
  namespaces: NamespacesSpec;
  /** Absent: the container has the ids of the namespace that tspod runs in. */
  userNamespace?: UserNamespaceSpec;
  network: NetworkSpec;
  security: SecuritySpec;
  resources: ResourcesSpec;
  /** By name; their contents are looked up at each start and are nowhere else. */
  secrets?: SecretUse[];
  devices: DeviceSpec[];
  /** `vendor.com/class=name`; what they are is looked up at each start. */
  cdiDevices?: string[];
  /** `c 10:200 rwm`, as given. */
  deviceCgroupRules: string[];
  sysctl: Record<string, string>;
  shmSize: number;
  /** Directories inside that are roots of their own: they too have resolv.conf, hosts and hostname. */
  chrootDirs?: string[];
  /** Class of service of the processor's resource director, a directory below /sys/fs/resctrl. */
  rdtClass?: string;
  /** `LINUX` or `LINUX32`. */
  personality?: string;
  /** What it may write into its own file system; a member that is absent has no limit. */
  storageLimits?: StorageLimits;
  readOnlyRootfs: boolean;
  readOnlyTmpfs: boolean;
  init: { path: string } | undefined;
  log: LogSpec;
  stopSignal: number;
  /** Seconds before SIGKILL. */
  stopTimeout: number;
  restart: RestartPolicy;
  autoRemove: boolean;
  /** The image goes with it, unless others use it. */
  removeImage?: true;
  /** Seconds the container may run; 0 = for ever. */
  timeout: number;
  pidFile: string | undefined;
  /** Where the pid of its monitor is written. */
  monitorPidFile?: string;
  cidFile: string | undefined;
  healthcheck: HealthcheckConfig | undefined;
  /** Absent: as DEFAULT_HEALTH has it. */
  health?: HealthSpec;
  /** Who tells the service manager that the container is ready; absent: the container. */
  sdnotify?: SdNotifyMode;
  exposedPorts: string[];
  /** IANA name or `local`. */
  timezone: string | undefined;
  /** Names (ids) of containers whose namespaces it joins or volumes it takes, or that it requires. */
  dependencies: string[];
  /** Those of them that must run before it starts, besides the ones whose namespaces it joins. */
  requires?: string[];
  /** Its part in its pod; absent: that of any other. */
  podRole?: PodRole;
}

export interface StorageLimits {
  /** Bytes. */
  size?: number;
  inodes?: number;
}

export interface RootDirectory {
  path: string;
  /** The directory stays as it is: what the container writes is kept with the container. */
  overlay: boolean;
  /** Files are shown with other owners: `idmap`, or `idmap=uids=…;gids=…`. */
  idmap?: string;
}

/** The one whose namespaces the others share; one that runs to its end before them, at every start of the pod or at the first only. */
export type PodRole = 'infra' | 'init-always' | 'init-once';

export type SdNotifyMode = 'container' | 'conmon' | 'healthy' | 'ignore';

/** What surrounds the health check: where its log goes, what its failure brings about, what has to succeed before it. */
export interface HealthSpec {
  onFailure: 'none' | 'kill' | 'restart' | 'stop';
  /** `local`, `events_logger`, or a directory. */
  logDestination: string;
  /** 0: all. */
  maxLogCount: number;
  maxLogSize: number;
  startup?: StartupCheck;
}

/** Times are nanoseconds. */
export interface StartupCheck {
  test: string[];
  interval: number;
  timeout: number;
  /** Failures after which the container is started again; 0: never. */
  retries: number;
  /** Successes in a row that it takes; 0 counts as 1. */
  success: number;
}

export const DEFAULT_HEALTH: HealthSpec = {
  onFailure: 'none',
  logDestination: 'local',
  maxLogCount: 5,
  maxLogSize: 500,
};

export type SecretUse =
  | {
      type: 'env';
      name: string;
      target: string;
      /** The value is put together from text and keys of Kubernetes' secrets; absent: the whole secret. */
      parts?: (string | { name: string; key: string })[];
    }
  | {
      type: 'mount';
      name: string;
      /** Of a secret that is a document of Kubernetes. */
      key?: string;
      target: string;
      uid: number;
      gid: number;
      mode: number;
    };

export type AttachedStream = 'stdin' | 'stdout' | 'stderr';

export interface ProcessSpec {
  entrypoint: string[];
  command: string[];
  /** entrypoint + command, what is run. */
  args: string[];
  /** Complete, in order, `KEY=value`. */
  env: string[];
  /** `user[:group]` as given; resolved against the rootfs's passwd at init. */
  user: string;
  groupAdd: string[];
  workdir: string;
  /** The caller named it, and podman's way holds: it has to be there. Any other one is made where it is missing. */
  workdirExists?: true;
  terminal: boolean;
  /** Keep stdin open (-i). */
  stdin: boolean;
  /** A client that goes does not end the program's input. */
  keepStdin?: true;
  /** What its creator was going to attach to. */
  attached?: readonly AttachedStream[];
  /** Of the terminal, when the start gives none. */
  consoleSize?: { height: number; width: number };
  /** `RLIMIT_…`; -1 = unlimited. */
  rlimits: { type: string; soft: number; hard: number }[];
  umask: number | undefined;
  /** A user whom the image does not know gets an entry in /etc/passwd. */
  passwd: boolean;
  /** The line that such a user gets, with $USERNAME, $UID, $GID, $NAME and $HOME. */
  passwdEntry?: string;
  groupEntry?: string;
  /** A user of the host whom the container knows by name: `name`, id inside, home. */
  hostUsers?: {
    name: string;
    uid: number;
    gid: number;
    gecos: string;
    home: string;
    shell: string;
    /** The host's name of its group, where that is to be known too. */
    group?: string | undefined;
  }[];
  oomScoreAdj: number | undefined;
}

export type NamespaceMode =
  | { mode: 'private' }
  | { mode: 'host' }
  | { mode: 'container'; id: string }
  | { mode: 'path'; path: string }
  /** ipc only: like private, but /dev/shm may be joined by others. */
  | { mode: 'shareable' }
  /** ipc only: no /dev/shm at all. */
  | { mode: 'none' };

export interface NamespacesSpec {
  pid: NamespaceMode;
  ipc: NamespaceMode;
  uts: NamespaceMode;
  cgroup: NamespaceMode;
  user: NamespaceMode;
}

/** `size` ids from `containerId` on, inside, are those from `hostId` on in the namespace that tspod runs in. */
export interface IdRange {
  containerId: number;
  hostId: number;
  size: number;
}

/** A user namespace of the container's own; the ids are drawn once and stay for as long as it exists. */
export interface UserNamespaceSpec {
  uids: IdRange[];
  gids: IdRange[];
  /** `--userns auto`: so many ids nobody else has, drawn when the container is recorded. What is mapped already stays. */
  draw?: { size: number; uids: IdRange[]; gids: IdRange[] };
}

export type NetworkMode =
  | { mode: 'none' }
  | { mode: 'host' }
  | { mode: 'container'; id: string }
  | { mode: 'ns'; path: string }
  | { mode: 'bridge'; networks: NetworkAttachment[] }
  | { mode: 'pasta'; options: string[] }
  | { mode: 'slirp4netns'; options: string[] };

export interface NetworkAttachment {
  name: string;
  aliases: string[];
  staticIps: string[];
  staticMac: string | undefined;
  interfaceName: string | undefined;
  /** The way out is through the network of which it is highest; absent: 0. */
  gatewayPriority?: number;
}

/** docker's --link: another container under a further name, for this container alone. */
export interface LinkSpec {
  containerId: string;
  /** The other as it was asked for. */
  target: string;
  alias: string;
  /** Only there; absent: on the first network that has both. */
  network?: string;
}

export interface PortMapping {
  /** '' = all addresses. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp' | 'sctp';
  /** Length of the range, 1 for a single port. */
  range: number;
}

export interface NetworkSpec {
  mode: NetworkMode;
  /** Random host ports are drawn at create, so hostPort is never 0 here. */
  ports: PortMapping[];
  publishAll: boolean;
  dnsServers: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** `host:ip` */
  addHosts: string[];
  manageHosts: boolean;
  links?: LinkSpec[];
  /** Others have links to it: their hosts files change with its addresses. */
  linked?: true;
  /** The file that /etc/hosts begins with: `none`, `image`, or a path; absent: as configured. */
  hostsFile?: string;
  /** Whether /etc/hostname is ours. */
  manageHostname: boolean;
  manageResolvConf: boolean;
}

export interface SecuritySpec {
  privileged: boolean;
  /** `CAP_…` or `ALL`. */
  capAdd: string[];
  capDrop: string[];
  /** What the configuration gives every container. */
  defaultCapabilities: string[];
  noNewPrivileges: boolean;
  /** Path of a profile, `unconfined`, or undefined for the default. */
  seccomp: string | undefined;
  /** A profile that came without a file; `seccomp` is undefined then. */
  seccompProfile?: SeccompProfile;
  apparmor: string | undefined;
  selinux: string[];
  mask: string[];
  /** Paths (globs allowed), or `ALL`. */
  unmask: string[];
  /** In place of the defaults, which `mask` and `unmask` change. */
  maskedPaths?: string[];
  readonlyPaths?: string[];
  /** Mount options of /proc, e.g. `hidepid=2`. */
  procOptions: string[];
}

export interface ResourcesSpec {
  /** Bytes. -1 for unlimited swap. */
  memory?: number;
  memoryReservation?: number;
  memorySwap?: number;
  /** 0 to 100; cgroup v1 only. */
  memorySwappiness?: number;
  cpuShares?: number;
  cpuPeriod?: number;
  cpuQuota?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  pidsLimit?: number;
  /** It was asked for, and is not only what holds for every container. */
  pidsLimitGiven?: true;
  blkioWeight?: number;
  blkioWeightDevice?: DeviceLimit[];
  /** Bytes or operations a second, by block device. */
  throttle?: {
    readBps?: DeviceLimit[];
    writeBps?: DeviceLimit[];
    readIops?: DeviceLimit[];
    writeIops?: DeviceLimit[];
  };
  /** Microseconds; cgroup v1 only. */
  cpuRtPeriod?: number;
  cpuRtRuntime?: number;
  /** File of the cgroup → what is written to it; cgroup v2 only. */
  unified?: Record<string, string>;
  oomKillDisable?: boolean;
  cgroupParent?: string;
  cgroups: 'enabled' | 'disabled' | 'no-conmon' | 'split';
}

/** `path` is the node of a block device. */
export interface DeviceLimit {
  path: string;
  value: number;
}

export interface DeviceSpec {
  source: string;
  destination: string;
  permissions: string;
}

/** By name, and by regular expression. */
export interface LogAttributesSpec {
  labels?: string[];
  labelsRegex?: string;
  env?: string[];
  envRegex?: string;
}

export interface LogSpec {
  driver: 'k8s-file' | 'json-file' | 'journald' | 'none' | 'passthrough' | 'passthrough-tty';
  /** Bytes; -1 = no limit. */
  maxSize: number;
  maxFiles: number;
  tag: string | undefined;
  path: string | undefined;
  /** Labels and variables of the container that `logs --details` shows. */
  attributes?: LogAttributesSpec;
  /** Where the log is, in a folder named after the container, unless `path` says otherwise. */
  directory?: string;
}

export interface RestartPolicy {
  name: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  maximumRetryCount: number;
}
