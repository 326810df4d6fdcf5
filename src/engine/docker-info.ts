import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SystemInfo } from './system-info.ts';

/** docker's members of `info`, filled from the same facts. */
export function dockerInfo(info: SystemInfo, version: string): Record<string, unknown> {
  const { host, store } = info;
  const security = host['security'] as Record<string, unknown>;
  const runtime = host['ociRuntime'] as Record<string, unknown>;
  const distribution = host['distribution'] as Record<string, string>;
  const containers = store['containerStore'] as Record<string, number>;
  const images = store['imageStore'] as Record<string, number>;
  const status = Object.entries(store['graphStatus'] as Record<string, string>);
  const conmon = host['conmon'] as Record<string, string>;
  return {
    ID: identity(String(store['graphRoot'])),
    Containers: containers['number'],
    ContainersRunning: containers['running'],
    ContainersPaused: containers['paused'],
    ContainersStopped: containers['stopped'],
    Images: images['number'],
    Driver: store['graphDriverName'],
    DriverStatus: status.map(([name, value]) => [name, value]),
    Plugins: {
      Volume: info.plugins['volume'],
      Network: info.plugins['network'],
      Authorization: null,
      Log: info.plugins['log'],
    },
    MemoryLimit: hasController(host, 'memory'),
    SwapLimit: hasController(host, 'memory'),
    CpuCfsPeriod: hasController(host, 'cpu'),
    CpuCfsQuota: hasController(host, 'cpu'),
    CPUShares: hasController(host, 'cpu'),
    CPUSet: hasController(host, 'cpuset'),
    PidsLimit: hasController(host, 'pids'),
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    OomKillDisable: host['cgroupVersion'] === 'v1',
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: host['logDriver'],
    CgroupDriver: host['cgroupManager'],
    CgroupVersion: String(host['cgroupVersion']).replace('v', ''),
    NEventsListener: 0,
    KernelVersion: host['kernel'],
    OperatingSystem: distribution['distribution'],
    OSVersion: distribution['version'],
    OSType: 'linux',
    Architecture: dockerArchitecture(String(host['arch'])),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: null,
    NCPU: host['cpus'],
    MemTotal: host['memTotal'],
    GenericResources: null,
    DockerRootDir: store['graphRoot'],
    HttpProxy: process.env['HTTP_PROXY'] ?? '',
    HttpsProxy: process.env['HTTPS_PROXY'] ?? '',
    NoProxy: process.env['NO_PROXY'] ?? '',
    Name: host['hostname'],
    Labels: [],
    ExperimentalBuild: true,
    ServerVersion: version,
    Runtimes: { [String(runtime['name'])]: { path: runtime['path'] } },
    DefaultRuntime: runtime['name'],
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: { ID: conmon['version'] },
    RuncCommit: { ID: firstLine(runtime['version']) },
    InitCommit: { ID: '' },
    SecurityOptions: [
      ...(security['apparmorEnabled'] === true ? ['name=apparmor'] : []),
      ...(security['seccompEnabled'] === true ? ['name=seccomp,profile=default'] : []),
      ...(security['selinuxEnabled'] === true ? ['name=selinux'] : []),
      ...(security['rootless'] === true ? ['name=rootless'] : []),
    ],
    ProductLicense: 'Apache-2.0',
    DefaultAddressPools: null,
    Warnings: [],
  };
}

function hasController(host: Record<string, unknown>, name: string): boolean {
  return (host['cgroupControllers'] as string[]).includes(name);
}

/** docker says it as the kernel does. */
function dockerArchitecture(arch: string): string {
  const names: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64', '386': 'i686' };
  return names[arch] ?? arch;
}

function firstLine(text: unknown): string {
  return String(text ?? '').split('\n')[0] ?? '';
}

/** docker's engines have an id: here the store of a machine has one. */
function identity(graphRoot: string): string {
  const digits = createHash('sha256').update(`${machineId()} ${graphRoot}`).digest('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
