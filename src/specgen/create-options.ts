import type { AttachedStream, MountSpec, SecretUse } from './container-spec.ts';

/**
 * What `run`, `create`, the REST API and others ask for: plain data, one member per flag of `podman create`, the member being the
 * camel-cased long name and the value as typed (lists as lists). Parsing of the values happens in from-options.ts.
 */
export interface CreateOptions {
  addHost?: string[];
  annotation?: string[];
  attach?: string[];
  authfile?: string;
  blkioWeight?: string;
  blkioWeightDevice?: string[];
  capAdd?: string[];
  capDrop?: string[];
  certDir?: string;
  cgroupConf?: string[];
  cgroupParent?: string;
  cgroupns?: string;
  cgroups?: string;
  chrootdirs?: string[];
  cidfile?: string;
  conmonPidfile?: string;
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuRtPeriod?: number;
  cpuRtRuntime?: number;
  cpuShares?: number;
  cpus?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  creds?: string;
  device?: string[];
  deviceCgroupRule?: string[];
  deviceReadBps?: string[];
  deviceReadIops?: string[];
  deviceWriteBps?: string[];
  deviceWriteIops?: string[];
  dns?: string[];
  dnsOption?: string[];
  dnsSearch?: string[];
  domainname?: string;
  entrypoint?: string;
  env?: string[];
  envFile?: string[];
  envHost?: boolean;
  envMerge?: string[];
  expose?: string[];
  gpus?: string[];
  groupAdd?: string[];
  groupEntry?: string;
  gidmap?: string[];
  hostuser?: string[];
  healthCmd?: string;
  healthInterval?: string;
  healthLogDestination?: string;
  healthMaxLogCount?: number;
  healthMaxLogSize?: number;
  healthOnFailure?: string;
  healthRetries?: number;
  healthStartInterval?: string;
  healthStartPeriod?: string;
  healthStartupCmd?: string;
  healthStartupInterval?: string;
  healthStartupRetries?: number;
  healthStartupSuccess?: number;
  healthStartupTimeout?: string;
  healthTimeout?: string;
  hostname?: string;
  hostsFile?: string;
  httpProxy?: boolean;
  imageVolume?: string;
  init?: boolean;
  initCtr?: string;
  initPath?: string;
  interactive?: boolean;
  ip?: string;
  ip6?: string;
  ipc?: string;
  label?: string[];
  labelFile?: string[];
  link?: string[];
  logDriver?: string;
  logOpt?: string[];
  macAddress?: string;
  memory?: string;
  memoryReservation?: string;
  memorySwap?: string;
  memorySwappiness?: number;
  mount?: string[];
  name?: string;
  network?: string[];
  networkAlias?: string[];
  noHealthcheck?: boolean;
  noHostname?: boolean;
  noHosts?: boolean;
  oomKillDisable?: boolean;
  oomScoreAdj?: number;
  passwd?: boolean;
  passwdEntry?: string;
  personality?: string;
  pid?: string;
  pidfile?: string;
  pidsLimit?: number;
  platform?: string;
  pod?: string;
  podIdFile?: string;
  arch?: string;
  os?: string;
  variant?: string;
  privileged?: boolean;
  publish?: string[];
  publishAll?: boolean;
  pull?: string;
  quiet?: boolean;
  rdtClass?: string;
  readOnly?: boolean;
  readOnlyTmpfs?: boolean;
  replace?: boolean;
  requires?: string[];
  restart?: string;
  retry?: number;
  retryDelay?: string;
  rm?: boolean;
  rootfs?: boolean;
  runtime?: string;
  sdnotify?: string;
  seccompPolicy?: string;
  securityOpt?: string[];
  shmSize?: string;
  shmSizeSystemd?: string;
  stopSignal?: string;
  stopTimeout?: number;
  storageOpt?: string[];
  subgidname?: string;
  subuidname?: string;
  sysctl?: string[];
  systemd?: string;
  timeout?: number;
  tlsVerify?: boolean;
  tmpfs?: string[];
  tty?: boolean;
  tz?: string;
  uidmap?: string[];
  ulimit?: string[];
  umask?: string;
  unsetenv?: string[];
  unsetenvAll?: boolean;
  user?: string;
  userns?: string;
  uts?: string;
  volume?: string[];
  volumeDriver?: string;
  secret?: string[];
  volumesFrom?: string[];
  workdir?: string;
}

/** Where the words after the flags go. */
export interface CreateRequest {
  options: CreateOptions;
  /** Image name or id as given. */
  image: string;
  /** Command and arguments; empty: the image's own. */
  command: string[];
  extras?: CreateExtras;
}

/** What only the body of an API request can say: no flag of `create` stands for it. */
export interface CreateExtras {
  /** Name of an OCI runtime. */
  runtime?: string;
  /** The JSON text of a seccomp profile, in place of a file's path. */
  seccompProfile?: string;
  /** In place of the defaults; an empty list: none. */
  maskedPaths?: string[];
  readonlyPaths?: string[];
  /** Of the terminal, at every start by which nobody gives another. */
  consoleSize?: { height: number; width: number };
  /** The image goes with the container. */
  removeImage?: true;
  /** The working directory is made where the image lacks it. */
  makeWorkdir?: boolean;
  /** A client that goes leaves the program's input open for the next. */
  keepStdin?: boolean;
  /** What its creator is going to attach to; docker's inspect tells it again. */
  attached?: readonly AttachedStream[];
  /** Links that hold on one network only. */
  networkLinks?: { network: string; link: string }[];
  /** Beside --volume, --mount and --tmpfs. */
  mounts?: MountSpec[];
  /** Beside --secret. */
  secrets?: SecretUse[];
}
