/** How a key's values become options: each value one, only the last, a switch, words, or KEY=value words. */
export interface QuadletKey {
  option: string;
  kind: 'each' | 'last' | 'bool' | 'words' | 'pairs' | 'lines';
  /** Put before each value: `--security-opt` and `seccomp=`. */
  prefix?: string;
}

const each = (option: string): QuadletKey => ({ option, kind: 'each' });
const last = (option: string): QuadletKey => ({ option, kind: 'last' });
const bool = (option: string): QuadletKey => ({ option, kind: 'bool' });
const words = (option: string): QuadletKey => ({ option, kind: 'words' });
const pairs = (option: string): QuadletKey => ({ option, kind: 'pairs' });
const security = (prefix: string): QuadletKey => ({ option: '--security-opt', kind: 'last', prefix });

/** Keys of [Container] that are nothing but an option of `run`. */
export const CONTAINER_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  AddCapability: words('--cap-add'),
  AddHost: each('--add-host'),
  Annotation: pairs('--annotation'),
  DNS: each('--dns'),
  DNSOption: each('--dns-option'),
  DNSSearch: each('--dns-search'),
  DropCapability: words('--cap-drop'),
  Entrypoint: last('--entrypoint'),
  Environment: pairs('--env'),
  EnvironmentHost: bool('--env-host'),
  ExposeHostPort: each('--expose'),
  GIDMap: each('--gidmap'),
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
  IP: last('--ip'),
  IP6: last('--ip6'),
  Label: pairs('--label'),
  LogDriver: last('--log-driver'),
  LogOpt: each('--log-opt'),
  Mask: security('mask='),
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
  Secret: each('--secret'),
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
  UIDMap: each('--uidmap'),
  Ulimit: each('--ulimit'),
  Unmask: security('unmask='),
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
  'GlobalArgs',
  'Group',
  'Image',
  'Mount',
  'Network',
  'NoNewPrivileges',
  'Notify',
  'PodmanArgs',
  'ReloadCmd',
  'ReloadSignal',
  'SecurityLabelDisable',
  'SecurityLabelNested',
  'ServiceName',
  'User',
  'Volume',
] as const;

export const VOLUME_KEYS = [
  'Copy',
  'Device',
  'Driver',
  'GlobalArgs',
  'Group',
  'Image',
  'Label',
  'Options',
  'PodmanArgs',
  'ServiceName',
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
export const NETWORK_KEYS = [
  'Gateway',
  'GlobalArgs',
  'IPRange',
  'NetworkDeleteOnStop',
  'NetworkName',
  'PodmanArgs',
  'ServiceName',
  'Subnet',
] as const;

export const IMAGE_OPTIONS: Readonly<Record<string, QuadletKey>> = {
  AllTags: bool('--all-tags'),
  Arch: last('--arch'),
  AuthFile: last('--authfile'),
  CertDir: last('--cert-dir'),
  Creds: last('--creds'),
  DecryptionKey: last('--decryption-key'),
  OS: last('--os'),
  Policy: last('--policy'),
  Retry: last('--retry'),
  RetryDelay: last('--retry-delay'),
  TLSVerify: bool('--tls-verify'),
  Variant: last('--variant'),
};
export const IMAGE_KEYS = ['GlobalArgs', 'Image', 'ImageTag', 'PodmanArgs', 'ServiceName'] as const;

/** Keys that podman has and tspod does not honour, with the reason. */
export const REFUSED_KEYS: Readonly<Record<string, string>> = {
  ContainersConfModule: 'there are no modules of containers.conf',
  HttpProxy: 'use Environment=',
  Pod: 'there are no .pod files',
  Rootfs: 'containers are made from images',
  StartWithPod: 'there are no .pod files',
};
