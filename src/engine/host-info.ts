import { messageOf } from '../base/errors.ts';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, hostname, release, totalmem, uptime } from 'node:os';
import { rootlessUid } from '../base/paths.ts';
import { serviceSocket } from '../base/service-socket.ts';
import { cgroupManagerOf } from '../libpod/cgroup-manager.ts';
import { cgroupControllers, cgroupVersion } from '../libpod/host-cgroups.ts';
import { hasApparmor, hasSelinux, ociArchitecture } from '../libpod/host-facts.ts';
import { chosenRuntime } from '../libpod/runtime-of.ts';
import { findHelper } from '../network/helper-program.ts';
import type { ChosenRuntime } from '../oci/choose-runtime.ts';
import { readIdMaps, type IdMapping } from '../rootless/id-maps.ts';
import type { Engine } from './engine.ts';
import { programVersion } from './program-version.ts';

/** podman's `host`, with a few members of ours: why this runtime, and where the configuration comes from. */
export async function hostInfo(engine: Engine): Promise<Record<string, unknown>> {
  const rootless = rootlessUid() !== undefined;
  const cgroups = cgroupVersion();
  const cgroupManager = cgroupManagerOf(engine);
  const helpers = engine.config.engine.helperBinariesDir;
  const programs = {
    monitor: tryTo(() => engine.monitorProgram),
    netavark: findHelper('netavark', helpers),
    aardvark: findHelper('aardvark-dns', helpers),
    pasta: findHelper('pasta', helpers),
    slirp: findHelper('slirp4netns', helpers),
  };
  const runtime = tryTo(() => chosenRuntime(engine));
  const [monitor, netavark, aardvark, pasta, slirp, runtimeVersion] = await Promise.all(
    [...Object.values(programs), runtime?.path].map(programVersion),
  );
  const memory = readMemory();
  const socket = serviceSocket();
  return {
    arch: ociArchitecture(),
    buildahVersion: '',
    cgroupManager,
    cgroupVersion: cgroups === 0 ? '' : `v${cgroups}`,
    cgroupControllers: cgroupControllers(cgroupManager),
    // Absent only where the program is not built.
    conmon: { package: 'Unknown', path: programs.monitor ?? '', version: oneLine(monitor) },
    cpus: availableParallelism(),
    cpuUtilization: cpuUsage(),
    databaseBackend: 'sqlite',
    distribution: distribution(),
    eventLogger: 'sqlite',
    hostname: hostname(),
    idMappings: idMappings(rootless),
    kernel: release(),
    logDriver: engine.config.containers.logDriver,
    memFree: memory.free,
    memTotal: totalmem(),
    networkBackend: 'netavark',
    networkBackendInfo: {
      backend: 'netavark',
      ...program(programs.netavark, oneLine(netavark)),
      dns: program(programs.aardvark, oneLine(aardvark)),
    },
    ociRuntime: runtimeInfo(engine, runtime, runtimeVersion ?? ''),
    os: 'linux',
    remoteSocket: { path: socket, exists: existsSync(socket) },
    rootlessNetworkCmd: engine.config.network.defaultRootlessNetworkCmd,
    security: {
      apparmorEnabled: hasApparmor(),
      capabilities: engine.config.containers.defaultCapabilities.map(withPrefix).join(','),
      rootless,
      seccompEnabled: /^Seccomp:/m.test(readOr('/proc/self/status')),
      seccompProfilePath: existsSync(SECCOMP_PROFILE) ? SECCOMP_PROFILE : '',
      selinuxEnabled: hasSelinux(),
    },
    serviceIsRemote: false,
    slirp4netns: helper(programs.slirp, slirp ?? ''),
    pasta: helper(programs.pasta, pasta ?? ''),
    swapFree: memory.swapFree,
    swapTotal: memory.swapTotal,
    uptime: uptimeText(uptime()),
    variant: '',
    linkmode: 'dynamic',
    configFiles: engine.config.files,
    configuration: configuration(engine),
    ignoredConfiguration: engine.config.ignored,
  };
}

/** What containers.conf changes of the built-in values, and the file that has the last word on it. */
function configuration({ config }: Engine): Record<string, { value: unknown; file: string }> {
  const names = Object.keys(config.origin).sort();
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        value: config.values[name] ?? config.runtimes[name.replace('engine.runtimes.', '')],
        file: config.origin[name] ?? '',
      },
    ]),
  );
}

const SECCOMP_PROFILE = '/usr/share/containers/seccomp.json';

function runtimeInfo(engine: Engine, runtime: ChosenRuntime | undefined, version: string): object {
  if (runtime === undefined) {
    // Said instead of failing: `info` is what one looks at when nothing works.
    let reason = '';
    try {
      chosenRuntime(engine);
    } catch (error) {
      reason = messageOf(error);
    }
    return { name: '', package: '', path: '', version: '', reason, avoided: [] };
  }
  const { name, path, reason, avoided } = runtime;
  return { name, package: 'Unknown', path, version, reason, avoided };
}

function program(path: string | undefined, version: string): object {
  return { version, package: path === undefined ? '' : 'Unknown', path: path ?? '' };
}

function helper(path: string | undefined, version: string): object {
  return { executable: path ?? '', package: path === undefined ? '' : 'Unknown', version };
}

function oneLine(text: string | undefined): string {
  return (text ?? '').split('\n').join(', ');
}

function withPrefix(capability: string): string {
  const upper = capability.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Since the machine was started. */
function cpuUsage(): Record<string, number> {
  const total = { user: 0, sys: 0, idle: 0, all: 0 };
  for (const { times } of cpus()) {
    total.user += times.user + times.nice;
    total.sys += times.sys + times.irq;
    total.idle += times.idle;
  }
  total.all = total.user + total.sys + total.idle || 1;
  const percent = (part: number): number => Math.round((part / total.all) * 10_000) / 100;
  return {
    userPercent: percent(total.user),
    systemPercent: percent(total.sys),
    idlePercent: percent(total.idle),
  };
}

/** `distribution` and `version`, and where there are any `variant` and `codename`. */
export function distribution(): Record<string, string> {
  const text = readOr('/etc/os-release') || readOr('/usr/lib/os-release');
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(?:"(.*)"|(.*))$/.exec(line.trim());
    if (match?.[1] !== undefined) values[match[1]] = match[2] ?? match[3] ?? '';
  }
  return {
    distribution: values['ID'] || 'unknown',
    ...(values['VARIANT_ID'] ? { variant: values['VARIANT_ID'] } : {}),
    version: values['VERSION_ID'] || 'unknown',
    ...(values['VERSION_CODENAME'] ? { codename: values['VERSION_CODENAME'] } : {}),
  };
}

function idMappings(rootless: boolean): Record<string, unknown> {
  if (!rootless) return { gidmap: null, uidmap: null };
  const shape = ({ containerId, hostId, size }: IdMapping): object => ({
    container_id: containerId,
    host_id: hostId,
    size,
  });
  const { uids, gids } = readIdMaps();
  return { gidmap: gids.map(shape), uidmap: uids.map(shape) };
}

function readMemory(): { free: number; swapFree: number; swapTotal: number } {
  const text = readOr('/proc/meminfo');
  const bytes = (name: string): number | undefined => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
  };
  return {
    free: bytes('MemFree') ?? freemem(),
    swapFree: bytes('SwapFree') ?? 0,
    swapTotal: bytes('SwapTotal') ?? 0,
  };
}

/** `1h 11m 36.00s (Approximately 0.04 days)` */
function uptimeText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const text = `${hours}h ${minutes}m ${(seconds % 60).toFixed(2)}s`;
  return seconds < 3600 ? text : `${text} (Approximately ${(seconds / 86_400).toFixed(2)} days)`;
}

function readOr(path: string, otherwise = ''): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
