/**
 * The keys of containers.conf that tspod honours, with their type and built-in value. Those of podman's that it does not are in
 * containers-conf-ignored.ts; all others are accepted and ignored: one file serves several tools.
 */
export type ConfType = 'string' | 'int' | 'bool' | 'strings' | 'pools' | 'table';

/** Where networks without a subnet of their own get one: subnets of `size` bits out of `base`. */
export interface SubnetPool {
  /** An IPv4 subnet, `10.89.0.0/16`. */
  base: string;
  size: number;
}

/** Podman's, so that the two agree. */
export const SUBNET_POOLS: readonly SubnetPool[] = [
  { base: '10.89.0.0/16', size: 24 },
  { base: '10.90.0.0/15', size: 24 },
  { base: '10.92.0.0/14', size: 24 },
  { base: '10.96.0.0/11', size: 24 },
  { base: '10.128.0.0/9', size: 24 },
];

/** Podman's list for containers that are not privileged. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

export interface ContainersSection {
  annotations: string[];
  apparmorProfile: string | undefined;
  baseHostsFile: string;
  cgroupConf: string[];
  cgroupns: string;
  cgroups: string;
  containerNameAsHostname: boolean;
  defaultCapabilities: string[];
  defaultSysctls: string[];
  defaultUlimits: string[];
  devices: string[];
  dnsOptions: string[];
  dnsSearches: string[];
  dnsServers: string[];
  env: string[];
  envHost: boolean;
  hostContainersInternalIp: string;
  httpProxy: boolean;
  init: boolean;
  initPath: string | undefined;
  interfaceName: string;
  ipcns: string;
  keyring: boolean;
  label: boolean;
  logDriver: string;
  logPath: string | undefined;
  logSizeMax: number;
  logTag: string;
  mounts: string[];
  netns: string;
  noHosts: boolean;
  oomScoreAdj: number | undefined;
  pidns: string;
  pidsLimit: number;
  privileged: boolean;
  readOnly: boolean;
  seccompProfile: string | undefined;
  shmSize: string;
  tz: string | undefined;
  umask: string;
  userns: string | undefined;
  utsns: string;
  volumes: string[];
}

export interface EngineSection {
  cdiSpecDirs: string[];
  cgroupManager: string | undefined;
  composeProviders: string[];
  composeWarningLogs: boolean;
  conmonEnvVars: string[];
  detachKeys: string;
  env: string[];
  helperBinariesDir: string[];
  hooksDir: string[];
  imageVolumeMode: string | undefined;
  infraCommand: string | undefined;
  infraImage: string | undefined;
  noPivotRoot: boolean;
  podExitPolicy: string;
  /** What `kube generate` writes when it is not told. */
  kubeGenerateType: string;
  pullPolicy: string;
  retry: number | undefined;
  retryDelay: string | undefined;
  runtime: string | undefined;
  serviceTimeout: number;
  stopTimeout: number;
}

export interface NetworkSection {
  defaultHostIps: string[];
  defaultNetwork: string;
  defaultRootlessNetworkCmd: string;
  defaultSubnet: string;
  defaultSubnetPools: readonly SubnetPool[];
  dnsBindPort: number;
  firewallDriver: string | undefined;
  netavarkPluginDirs: string[];
  networkBackend: string | undefined;
  networkConfigDir: string | undefined;
  pastaOptions: string[];
}

export interface SecretsSection {
  driver: string;
  /** Of that driver. */
  opts: Record<string, string>;
}

type Section<T> = { [K in keyof T]: [key: string, type: ConfType, value: T[K]] };

export const CONTAINERS_KEYS: Section<ContainersSection> = {
  annotations: ['annotations', 'strings', []],
  apparmorProfile: ['apparmor_profile', 'string', undefined],
  baseHostsFile: ['base_hosts_file', 'string', ''],
  cgroupConf: ['cgroup_conf', 'strings', []],
  cgroupns: ['cgroupns', 'string', 'private'],
  cgroups: ['cgroups', 'string', 'enabled'],
  containerNameAsHostname: ['container_name_as_hostname', 'bool', false],
  defaultCapabilities: ['default_capabilities', 'strings', [...DEFAULT_CAPABILITIES]],
  defaultSysctls: ['default_sysctls', 'strings', ['net.ipv4.ping_group_range=0 0']],
  defaultUlimits: ['default_ulimits', 'strings', []],
  devices: ['devices', 'strings', []],
  dnsOptions: ['dns_options', 'strings', []],
  dnsSearches: ['dns_searches', 'strings', []],
  dnsServers: ['dns_servers', 'strings', []],
  env: ['env', 'strings', ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']],
  envHost: ['env_host', 'bool', false],
  hostContainersInternalIp: ['host_containers_internal_ip', 'string', ''],
  httpProxy: ['http_proxy', 'bool', true],
  init: ['init', 'bool', false],
  initPath: ['init_path', 'string', undefined],
  interfaceName: ['interface_name', 'string', ''],
  ipcns: ['ipcns', 'string', 'shareable'],
  keyring: ['keyring', 'bool', true],
  label: ['label', 'bool', true],
  logDriver: ['log_driver', 'string', 'k8s-file'],
  logPath: ['log_path', 'string', undefined],
  logSizeMax: ['log_size_max', 'int', -1],
  logTag: ['log_tag', 'string', ''],
  mounts: ['mounts', 'strings', []],
  netns: ['netns', 'string', 'private'],
  noHosts: ['no_hosts', 'bool', false],
  oomScoreAdj: ['oom_score_adj', 'int', undefined],
  pidns: ['pidns', 'string', 'private'],
  pidsLimit: ['pids_limit', 'int', 2048],
  privileged: ['privileged', 'bool', false],
  readOnly: ['read_only', 'bool', false],
  seccompProfile: ['seccomp_profile', 'string', undefined],
  shmSize: ['shm_size', 'string', '65536k'],
  tz: ['tz', 'string', undefined],
  umask: ['umask', 'string', '0022'],
  userns: ['userns', 'string', undefined],
  utsns: ['utsns', 'string', 'private'],
  volumes: ['volumes', 'strings', []],
};

export const ENGINE_KEYS: Section<EngineSection> = {
  cdiSpecDirs: ['cdi_spec_dirs', 'strings', ['/etc/cdi', '/var/run/cdi']],
  cgroupManager: ['cgroup_manager', 'string', undefined],
  composeProviders: ['compose_providers', 'strings', []],
  composeWarningLogs: ['compose_warning_logs', 'bool', true],
  conmonEnvVars: ['conmon_env_vars', 'strings', []],
  detachKeys: ['detach_keys', 'string', 'ctrl-p,ctrl-q'],
  env: ['env', 'strings', []],
  helperBinariesDir: [
    'helper_binaries_dir',
    'strings',
    [
      '/usr/local/libexec/podman',
      '/usr/local/lib/podman',
      '/usr/libexec/podman',
      '/usr/lib/podman',
      '/usr/bin',
    ],
  ],
  hooksDir: ['hooks_dir', 'strings', ['/usr/share/containers/oci/hooks.d']],
  imageVolumeMode: ['image_volume_mode', 'string', undefined],
  infraCommand: ['infra_command', 'string', undefined],
  infraImage: ['infra_image', 'string', undefined],
  noPivotRoot: ['no_pivot_root', 'bool', false],
  podExitPolicy: ['pod_exit_policy', 'string', 'continue'],
  kubeGenerateType: ['kube_generate_type', 'string', 'pod'],
  pullPolicy: ['pull_policy', 'string', 'missing'],
  retry: ['retry', 'int', undefined],
  retryDelay: ['retry_delay', 'string', undefined],
  runtime: ['runtime', 'string', undefined],
  serviceTimeout: ['service_timeout', 'int', 5],
  stopTimeout: ['stop_timeout', 'int', 10],
};

export const NETWORK_KEYS: Section<NetworkSection> = {
  defaultHostIps: ['default_host_ips', 'strings', []],
  defaultNetwork: ['default_network', 'string', 'podman'],
  defaultRootlessNetworkCmd: ['default_rootless_network_cmd', 'string', 'pasta'],
  defaultSubnet: ['default_subnet', 'string', '10.88.0.0/16'],
  defaultSubnetPools: ['default_subnet_pools', 'pools', SUBNET_POOLS],
  dnsBindPort: ['dns_bind_port', 'int', 0],
  firewallDriver: ['firewall_driver', 'string', undefined],
  netavarkPluginDirs: [
    'netavark_plugin_dirs',
    'strings',
    ['/usr/local/libexec/netavark', '/usr/local/lib/netavark', '/usr/libexec/netavark', '/usr/lib/netavark'],
  ],
  networkBackend: ['network_backend', 'string', undefined],
  networkConfigDir: ['network_config_dir', 'string', undefined],
  pastaOptions: ['pasta_options', 'strings', []],
};

export const SECRETS_KEYS: Section<SecretsSection> = {
  driver: ['driver', 'string', 'file'],
  opts: ['opts', 'table', {}],
};
