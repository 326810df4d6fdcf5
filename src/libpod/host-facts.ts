import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { limitedDevices } from '../specgen/device-limits.ts';
import type { HostFacts } from '../specgen/host-facts.ts';
import { isInUserNamespace } from '../storage/drivers/user-namespace.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
import type { Libpod } from './context.ts';
import { cgroupControllers, cgroupPathFor, cgroupVersion } from './host-cgroups.ts';

const CAP_SYS_RESOURCE = 24;
/** In the kernel's order: the index is the bit. */
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** Reads what config.json depends on. Cheap: a few files of /proc; devices are listed only for --privileged. */
export function gatherHostFacts(libpod: Libpod, spec: ContainerSpec, containerId: string): HostFacts {
  const rootless = rootlessUid() !== undefined;
  const status = readFileSync('/proc/self/status', 'utf8');
  const manager = cgroupManagerOf(libpod);
  // What is put below our own cgroup is not made by the service manager.
  const cgroupManager = spec.resources.cgroups === 'split' ? 'cgroupfs' : manager;
  return {
    rootless,
    cgroupVersion: cgroupVersion(),
    cgroupControllers: cgroupControllers(manager),
    cgroupManager,
    ...(spec.systemd ? { systemdHierarchy: existsSync('/sys/fs/cgroup/systemd') } : {}),
    cgroupPath: cgroupPathFor(spec, containerId, cgroupManager),
    hardLimits: hardLimits(),
    // A capability of a user namespace does not count: tspod may be in a container without being rootless itself.
    mayRaiseLimits: !rootless && hasBit(mask(status, 'CapEff'), CAP_SYS_RESOURCE) && !isInUserNamespace(),
    oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
    capabilities: boundingIn(status),
    apparmor: hasApparmor(),
    selinux: hasSelinux(),
    seccomp: /^Seccomp:/m.test(status),
    architecture: ociArchitecture(),
    seccompProfilePath: existsSync(SECCOMP_PROFILE) ? SECCOMP_PROFILE : undefined,
    hostDevices: spec.security.privileged ? listDevices('/dev') : [],
    devices: Object.fromEntries([
      ...spec.devices.map((device) => [device.source, statDevice(device.source)]),
      ...limitedDevices(spec.resources).map((path) => [path, statBlockDevice(path)]),
    ]),
    ownNetns: ownsNetwork(spec),
    hostProcHasMounts: false,
    ...(rootless || spec.userNamespace !== undefined
      ? { hostMqueue: existsSync('/dev/mqueue'), ttyGroupMapped: isGroupMapped(spec, TTY_GROUP) }
      : {}),
  };
}

/** The group that devpts gives terminals to. */
const TTY_GROUP = 5;

/** A network namespace that somebody else made belongs to another user namespace than the container's own. */
function ownsNetwork({ network: { mode }, userNamespace }: ContainerSpec): boolean {
  if (mode.mode === 'host') return false;
  return userNamespace === undefined || (mode.mode !== 'container' && mode.mode !== 'ns');
}

/** Whether the container's user namespace has such a group: without subordinate ids it has only 0. */
function isGroupMapped({ userNamespace }: ContainerSpec, gid: number): boolean {
  if (userNamespace !== undefined)
    return userNamespace.gids.some(({ containerId, size }) => gid >= containerId && gid < containerId + size);
  return readFileSync('/proc/self/gid_map', 'utf8')
    .split('\n')
    .some((line) => {
      const [first = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
      return gid >= first && gid < first + length;
    });
}

let ownBounding: readonly string[] | undefined;

/** The capabilities that this process could give away, `CAP_…`: it never drops any itself. */
export function boundingCapabilities(): readonly string[] {
  ownBounding ??= boundingIn(readFileSync('/proc/self/status', 'utf8'));
  return ownBounding;
}

function boundingIn(status: string): string[] {
  const bounding = mask(status, 'CapBnd');
  return CAPABILITIES.filter((_, bit) => hasBit(bounding, bit));
}

const SECCOMP_PROFILE = '/usr/share/containers/seccomp.json';

/** This machine's name in image and runtime specs. */
export function ociArchitecture(): string {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386' };
  return names[process.arch] ?? process.arch;
}

/** Bits 0 to 31, and those above: computing with bigints takes a hundred times as long. */
type Mask = readonly [low: number, high: number];

function mask(status: string, field: string): Mask {
  const digits = new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0';
  return [Number.parseInt(digits.slice(-8), 16), Number.parseInt(digits.slice(0, -8) || '0', 16)];
}

function hasBit([low, high]: Mask, bit: number): boolean {
  return (((bit < 32 ? low : high) >>> (bit % 32)) & 1) === 1;
}

const LIMIT_NAMES: Readonly<Record<string, string>> = {
  'Max cpu time': 'RLIMIT_CPU',
  'Max file size': 'RLIMIT_FSIZE',
  'Max data size': 'RLIMIT_DATA',
  'Max stack size': 'RLIMIT_STACK',
  'Max core file size': 'RLIMIT_CORE',
  'Max resident set': 'RLIMIT_RSS',
  'Max processes': 'RLIMIT_NPROC',
  'Max open files': 'RLIMIT_NOFILE',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max address space': 'RLIMIT_AS',
  'Max file locks': 'RLIMIT_LOCKS',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
  'Max nice priority': 'RLIMIT_NICE',
  'Max realtime priority': 'RLIMIT_RTPRIO',
  'Max realtime timeout': 'RLIMIT_RTTIME',
};

/** RLIMIT_* → hard limit; -1 stands for unlimited. */
function hardLimits(): Record<string, number> {
  const result: Record<string, number> = {};
  for (const line of readFileSync('/proc/self/limits', 'utf8').split('\n')) {
    const name = LIMIT_NAMES[line.slice(0, 26).trim()];
    if (name === undefined) continue;
    const [, hard] = line.slice(26).trim().split(/\s+/);
    result[name] = hard === 'unlimited' ? -1 : Number(hard);
  }
  return result;
}

export function hasSelinux(): boolean {
  return existsSync('/sys/fs/selinux/enforce');
}

let apparmor: boolean | undefined;

export function hasApparmor(): boolean {
  apparmor ??= readApparmor();
  return apparmor;
}

function readApparmor(): boolean {
  const file = '/sys/module/apparmor/parameters/enabled';
  if (!existsSync(file)) return false;
  try {
    return readFileSync(file, 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}

type DeviceFacts = HostFacts['devices'][string];

function statDevice(path: string): DeviceFacts {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (error) {
    throw new UnsupportedError(`cannot use device ${path}: no such file or directory`, { cause: error });
  }
  const facts = deviceFacts(stat);
  if (facts === undefined) throw new UnsupportedError(`cannot use device ${path}: not a device node`);
  return facts;
}

/** What a limit is for. Throws UnsupportedError when it is none, or not there. */
export function statBlockDevice(path: string): DeviceFacts {
  const facts = statDevice(path);
  if (facts.type === 'b') return facts;
  throw new UnsupportedError(`cannot limit ${path}: not a block device`, {
    hint: 'name the whole disk: see lsblk',
  });
}

function deviceFacts(stat: ReturnType<typeof statSync> & object): DeviceFacts | undefined {
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return undefined;
  const rdev = BigInt(stat.rdev);
  const major = Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn));
  const minor = Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn));
  return {
    type,
    major,
    minor,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** Everything under /dev that is a device, but not what a container has of its own. */
function listDevices(directory: string): HostFacts['hostDevices'] {
  const result: HostFacts['hostDevices'] = [];
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    if (path === '/dev/console') continue;
    let stat: ReturnType<typeof lstatSync>;
    try {
      stat = lstatSync(path);
    } catch {
      continue;
    }
    if (stat.isDirectory()) {
      if (!OWN_DIRECTORIES.has(name)) result.push(...listDevices(path));
      continue;
    }
    const facts = deviceFacts(stat);
    if (facts !== undefined) result.push({ path, ...facts });
  }
  return result;
}

/** Sorted. What a user may not look into has nothing for that user's containers. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

const OWN_DIRECTORIES = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);
