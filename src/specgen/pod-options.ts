/** What `pod create`, the API and others ask for: one member per flag, as in CreateOptions. */
export interface PodOptions {
  addHost?: string[];
  blkioWeight?: string;
  blkioWeightDevice?: string[];
  cgroupParent?: string;
  cpuShares?: number;
  cpus?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  device?: string[];
  deviceReadBps?: string[];
  deviceWriteBps?: string[];
  dns?: string[];
  dnsOption?: string[];
  dnsSearch?: string[];
  exitPolicy?: string;
  gidmap?: string[];
  gpus?: string[];
  hostname?: string;
  hostsFile?: string;
  infra?: boolean;
  infraCommand?: string;
  infraConmonPidfile?: string;
  infraImage?: string;
  infraName?: string;
  ip?: string;
  ip6?: string;
  label?: string[];
  labelFile?: string[];
  macAddress?: string;
  memory?: string;
  memorySwap?: string;
  name?: string;
  network?: string[];
  networkAlias?: string[];
  noHostname?: boolean;
  noHosts?: boolean;
  pid?: string;
  podIdFile?: string;
  publish?: string[];
  replace?: boolean;
  restart?: string;
  securityOpt?: string[];
  share?: string;
  shareParent?: boolean;
  shmSize?: string;
  shmSizeSystemd?: string;
  subgidname?: string;
  subuidname?: string;
  sysctl?: string[];
  uidmap?: string[];
  userns?: string;
  uts?: string;
  volume?: string[];
  volumesFrom?: string[];
}

/** Those that the infra container gets; a pod without one cannot have them. */
export const INFRA_OPTIONS = [
  'addHost',
  'dns',
  'dnsOption',
  'dnsSearch',
  'gidmap',
  'hostsFile',
  'ip',
  'ip6',
  'macAddress',
  'network',
  'networkAlias',
  'noHostname',
  'noHosts',
  'pid',
  'publish',
  'shmSize',
  'subgidname',
  'subuidname',
  'sysctl',
  'uidmap',
  'userns',
  'uts',
  'volume',
  'volumesFrom',
] as const satisfies readonly (keyof PodOptions)[];

/** For the record of a pod: what a copy of it would be made of. */
export function lastingPodOptions(options: PodOptions): PodOptions {
  const { name: _name, podIdFile: _file, infraName: _infra, replace: _replace, ...lasting } = options;
  return lasting;
}
