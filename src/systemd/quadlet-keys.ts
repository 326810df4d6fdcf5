/** podman's outdated keys for user namespaces, which UserNS=, UIDMap= and GIDMap= have followed. */
export const REMAP_KEYS = ['RemapGid', 'RemapUid', 'RemapUidSize', 'RemapUsers'] as const;

/** How a key's values become options: each value one, only the last, a switch, words, or KEY=value words. */
export interface QuadletKey {
  option: string;
  kind: 'each' | 'last' | 'bool' | 'words' | 'pairs';
  /** Put before each value: `--security-opt` and `seccomp=`. */
  prefix?: string;
}

const each = (option: string): QuadletKey => ({ option, kind: 'each' });
const last = (option: string): QuadletKey => ({ option, kind: 'last' });
const bool = (option: string): QuadletKey => ({ option, kind: 'bool' });
const words = (option: string): QuadletKey => ({ option, kind: 'words' });
const pairs = (option: string): QuadletKey => ({ option, kind: 'pairs' });
const security = (prefix: string, kind: 'last' | 'words' = 'last'): QuadletKey => ({
  option: '--security-opt',
  kind,
  prefix,
});

/** Of every kind of file. */
export const COMMON_KEYS = ['ContainersConfModule', 'GlobalArgs', 'PodmanArgs', 'ServiceName'] as const;

/** Keys of [Container] that are nothing but an option of `run`. */
export const CONTAINER_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  AddCapability: words('--cap-add'),
  AddHost: each('--add-host'),
  Annotation: pairs('--annotation'),
  AppArmor: security('apparmor='),
  DNS: each('--dns'),
  DNSOption: each('--dns-option'),
  DNSSearch: each('--dns-search'),
  DropCapability: words('--cap-drop'),
  Entrypoint: last('--entrypoint'),
  Environment: pairs('--env'),
  EnvironmentHost: bool('--env-host'),
  ExposeHostPort: each('--expose'),
  GIDMap: words('--gidmap'),
  GroupAdd: each('--group-add'),
  HealthCmd: last('--health-cmd'),
  HealthInterval: last('--health-interval'),
  HealthLogDestination: last('--health-log-destination'),
  HealthMaxLogCount: last('--health-max-log-count'),
  HealthMaxLogSize: last('--health-max-log-size'),
  HealthOnFailure: last('--health-on-failure'),
  HealthRetries: last('--health-retries'),
  HealthStartPeriod: last('--health-start-period'),
  HealthStartupCmd: last('--health-startup-cmd'),
  HealthStartupInterval: last('--health-startup-interval'),
  HealthStartupRetries: last('--health-startup-retries'),
  HealthStartupSuccess: last('--health-startup-success'),
  HealthStartupTimeout: last('--health-startup-timeout'),
  HealthTimeout: last('--health-timeout'),
  HostName: last('--hostname'),
  HttpProxy: bool('--http-proxy'),
  IP: last('--ip'),
  IP6: last('--ip6'),
  Label: pairs('--label'),
  LogDriver: last('--log-driver'),
  LogOpt: words('--log-opt'),
  Mask: security('mask=', 'words'),
  Memory: last('--memory'),
  NetworkAlias: each('--network-alias'),
  PidsLimit: last('--pids-limit'),
  PublishPort: each('--publish'),
  Pull: last('--pull'),
  ReadOnly: bool('--read-only'),
  ReadOnlyTmpfs: bool('--read-only-tmpfs'),
  Retry: last('--retry'),
  RetryDelay: last('--retry-delay'),
  RunInit: bool('--init'),
  SeccompProfile: security('seccomp='),
  Secret: words('--secret'),
  SecurityLabelFileType: security('label=filetype:'),
  SecurityLabelLevel: security('label=level:'),
  SecurityLabelType: security('label=type:'),
  ShmSize: last('--shm-size'),
  StopSignal: last('--stop-signal'),
  StopTimeout: last('--stop-timeout'),
  SubGIDMap: last('--subgidname'),
  SubUIDMap: last('--subuidname'),
  Sysctl: words('--sysctl'),
  Timezone: last('--tz'),
  Tmpfs: each('--tmpfs'),
  UIDMap: words('--uidmap'),
  Ulimit: each('--ulimit'),
  Unmask: security('unmask=', 'words'),
  UserNS: last('--userns'),
  WorkingDir: last('--workdir'),
};

/** Those that quadlet-container.ts sees to. */
export const CONTAINER_KEYS = [
  'AddDevice',
  'AutoUpdate',
  'CgroupsMode',
  'ContainerName',
  'EnvironmentFile',
  'Exec',
  'Group',
  'Image',
  'Mount',
  'Network',
  'NoNewPrivileges',
  'Notify',
  'Pod',
  'ReloadCmd',
  'ReloadSignal',
  ...REMAP_KEYS,
  'Rootfs',
  'SecurityLabelDisable',
  'SecurityLabelNested',
  'StartWithPod',
  'User',
  'VolatileTmp',
  'Volume',
] as const;

export const VOLUME_KEYS = [
  'Copy',
  'Device',
  'Driver',
  'Group',
  'Image',
  'Label',
  'Options',
  'Type',
  'User',
  'VolumeName',
] as const;

export const NETWORK_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  DNS: each('--dns'),
  DisableDNS: bool('--disable-dns'),
  Driver: last('--driver'),
  IPAMDriver: last('--ipam-driver'),
  IPv6: bool('--ipv6'),
  InterfaceName: last('--interface-name'),
  Internal: bool('--internal'),
  Label: pairs('--label'),
  Options: pairs('--opt'),
};
export const NETWORK_KEYS = ['Gateway', 'IPRange', 'NetworkDeleteOnStop', 'NetworkName', 'Subnet'] as const;

export const IMAGE_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  AllTags: bool('--all-tags'),
  Arch: last('--arch'),
  AuthFile: last('--authfile'),
  CertDir: last('--cert-dir'),
  Creds: last('--creds'),
  OS: last('--os'),
  Policy: last('--policy'),
  Retry: last('--retry'),
  RetryDelay: last('--retry-delay'),
  TLSVerify: bool('--tls-verify'),
  Variant: last('--variant'),
};
export const IMAGE_KEYS = ['Image', 'ImageTag'] as const;

export const BUILD_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  Annotation: pairs('--annotation'),
  Arch: last('--arch'),
  AuthFile: last('--authfile'),
  BuildArg: pairs('--build-arg'),
  DNS: each('--dns'),
  DNSOption: each('--dns-option'),
  DNSSearch: each('--dns-search'),
  Environment: pairs('--env'),
  ForceRM: bool('--force-rm'),
  GroupAdd: each('--group-add'),
  IgnoreFile: last('--ignorefile'),
  ImageTag: each('--tag'),
  Label: pairs('--label'),
  Pull: last('--pull'),
  Retry: last('--retry'),
  RetryDelay: last('--retry-delay'),
  Secret: words('--secret'),
  TLSVerify: bool('--tls-verify'),
  Target: last('--target'),
  Variant: last('--variant'),
};
export const BUILD_KEYS = ['File', 'Network', 'SetWorkingDirectory', 'Volume'] as const;

export const POD_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  AddHost: each('--add-host'),
  DNS: each('--dns'),
  DNSOption: each('--dns-option'),
  DNSSearch: each('--dns-search'),
  GIDMap: words('--gidmap'),
  HostName: last('--hostname'),
  IP: last('--ip'),
  IP6: last('--ip6'),
  Label: pairs('--label'),
  NetworkAlias: each('--network-alias'),
  PublishPort: each('--publish'),
  ShmSize: last('--shm-size'),
  SubGIDMap: last('--subgidname'),
  SubUIDMap: last('--subuidname'),
  UIDMap: words('--uidmap'),
  UserNS: last('--userns'),
};
export const POD_KEYS = ['ExitPolicy', 'Network', 'PodName', ...REMAP_KEYS, 'StopTimeout', 'Volume'] as const;

export const KUBE_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  LogDriver: last('--log-driver'),
  LogOpt: words('--log-opt'),
  PublishPort: each('--publish'),
  UserNS: last('--userns'),
};
export const KUBE_KEYS = [
  'AutoUpdate',
  'ConfigMap',
  'ExitCodePropagation',
  'KubeDownForce',
  'Network',
  ...REMAP_KEYS,
  'SetWorkingDirectory',
  'Yaml',
] as const;

/** Keys that podman has and tspod does not honour, with the reason. */
export const REFUSED_KEYS: Readonly<Record<string, string>> = {
  DecryptionKey: 'encrypted layers cannot be read',
};

/** Keys of systemd that easily end up in Quadlet's section, and where they belong. */
export const SYSTEMD_KEYS: Readonly<Record<string, string>> = {
  After: 'Unit',
  Before: 'Unit',
  BindsTo: 'Unit',
  Description: 'Unit',
  ExecStartPost: 'Service',
  ExecStartPre: 'Service',
  Requires: 'Unit',
  Restart: 'Service',
  RestartSec: 'Service',
  TimeoutStartSec: 'Service',
  TimeoutStopSec: 'Service',
  WantedBy: 'Install',
  Wants: 'Unit',
};

/** Of [Unit]: their values may name other Quadlet files. */
export const DEPENDENCY_KEYS: ReadonlySet<string> = new Set([
  'After',
  'Before',
  'BindsTo',
  'Conflicts',
  'OnFailure',
  'OnSuccess',
  'PartOf',
  'PropagatesReloadTo',
  'PropagatesStopTo',
  'ReloadPropagatedFrom',
  'Requires',
  'Requisite',
  'StopPropagatedFrom',
  'Upholds',
  'Wants',
]);
