import { posix } from 'node:path';
import type { OciMount } from '../oci/runtime-spec.ts';
import { isConfined } from './confined.ts';
import type { ContainerSpec, MountSpec } from './container-spec.ts';
import type { BundleFacts, HostFacts } from './host-facts.ts';
import { MADE_BY_RUNTIME } from './runtime-devices.ts';
import { isEngineOption } from './mount-options.ts';
import { timezoneFile } from './timezone.ts';
import { InvalidSpecError } from '../base/errors.ts';

/**
 * The kernel's file systems, the engine's files and what the user mounts; what the user mounts takes the place of any other at the
 * same destination. Parents come before what lies beneath them.
 */
export function runtimeMounts(spec: ContainerSpec, host: HostFacts, bundle: BundleFacts): OciMount[] {
  const own = spec.mounts.map((mount) => userMount(mount, bundle));
  const taken = new Set(own.map((mount) => mount.destination));
  const given = [...kernelMounts(spec, host, bundle), ...managedMounts(spec, bundle)].filter(
    (mount) => !taken.has(mount.destination),
  );
  return [...given, ...own, ...deviceBinds(spec, host)]
    .map((mount, i) => ({ mount, depth: mount.destination.split('/').length, i }))
    .sort((a, b) => a.depth - b.depth || a.i - b.i)
    .map(({ mount }) => mount);
}

const GUARDED = ['nosuid', 'noexec', 'nodev'];

function kernelMounts(spec: ContainerSpec, host: HostFacts, bundle: BundleFacts): OciMount[] {
  const { privileged, procOptions } = spec.security;
  const access = privileged ? 'rw' : 'ro';
  const sealed = spec.readOnlyRootfs && !spec.readOnlyTmpfs;
  // A fresh /proc or /sys needs a namespace that belongs to our user namespace.
  const bindProc = isConfined(spec, host) && (spec.namespaces.pid.mode === 'host' || host.hostProcHasMounts);
  const bindSys = isConfined(spec, host) && !host.ownNetns;
  const mounts: OciMount[] = [
    bindProc
      ? { destination: '/proc', type: 'bind', source: '/proc', options: [...GUARDED, 'rbind'] }
      : { destination: '/proc', type: 'proc', source: 'proc', options: [...GUARDED, ...procOptions] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=65536k', ...(sealed ? ['ro'] : [])],
    },
    bindSys
      ? {
          destination: '/sys',
          type: 'bind',
          source: '/sys',
          options: ['rprivate', ...GUARDED, access, 'rbind'],
        }
      : {
          destination: '/sys',
          type: 'sysfs',
          source: 'sysfs',
          options: [...(privileged ? ['rprivate'] : []), ...GUARDED, access],
        },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: [
        'nosuid',
        'noexec',
        'newinstance',
        'ptmxmode=0666',
        'mode=0620',
        ...((host.ttyGroupMapped ?? true) ? ['gid=5'] : []),
      ],
    },
    ...mqueueMount(spec, host),
    ...shmMount(spec, host, bundle),
  ];
  if (host.cgroupVersion !== 0 && !bindSys) mounts.push(...cgroupMounts(spec, host, access));
  return mounts;
}

/** systemd makes cgroups of its own below the container's. */
function cgroupMounts({ systemd }: ContainerSpec, host: HostFacts, access: string): OciMount[] {
  const destination = '/sys/fs/cgroup';
  const common = ['rprivate', ...GUARDED, 'relatime'];
  const isUnified = host.cgroupVersion === 2;
  const mount = (mode: string): OciMount => ({
    destination,
    type: 'cgroup',
    source: 'cgroup',
    options: [...common, mode],
  });
  if (systemd !== true) return [mount(access)];
  if (isUnified) return [mount('rw')];
  const named = `${destination}/systemd`;
  const bind = { destination: named, type: 'bind', source: named, options: ['bind', 'rprivate'] };
  return [mount(access), ...(host.systemdHierarchy ? [bind] : [])];
}

function mqueueMount(spec: ContainerSpec, host: HostFacts): OciMount[] {
  const destination = '/dev/mqueue';
  if (spec.namespaces.ipc.mode !== 'host' || !isConfined(spec, host))
    return [{ destination, type: 'mqueue', source: 'mqueue', options: [...GUARDED] }];
  if (!host.hostMqueue) return [];
  return [{ destination, type: 'bind', source: destination, options: ['rbind', ...GUARDED] }];
}

function shmMount(spec: ContainerSpec, host: HostFacts, bundle: BundleFacts): OciMount[] {
  const { mode } = spec.namespaces.ipc;
  if (mode === 'none') return [];
  const readOnly = spec.readOnlyRootfs && !spec.readOnlyTmpfs ? ['ro'] : [];
  const source = bundle.shmPath ?? (mode === 'host' ? '/dev/shm' : undefined);
  if (source !== undefined)
    return [
      {
        destination: '/dev/shm',
        type: 'bind',
        source,
        // What is mounted below the host's /dev/shm cannot be left out by who has not mounted it.
        options: [
          isConfined(spec, host) && mode === 'host' ? 'rbind' : 'bind',
          'rprivate',
          ...GUARDED,
          ...readOnly,
        ],
      },
    ];
  const options = [...GUARDED, 'mode=1777', `size=${spec.shmSize}`, ...readOnly];
  return [{ destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }];
}

function managedMounts(spec: ContainerSpec, bundle: BundleFacts): OciMount[] {
  const readOnly = spec.readOnlyRootfs ? ['ro', ...GUARDED] : [];
  const mounts = [...bundle.managedFiles, ...chrootFiles(spec, bundle)].map((file) => {
    const extra = file.destination === INIT_PATH ? [] : readOnly;
    return {
      destination: file.destination,
      type: 'bind',
      source: file.source,
      options: [...file.options, ...extra.filter((option) => !file.options.includes(option))],
    };
  });
  if (spec.init !== undefined && !mounts.some((mount) => mount.destination === INIT_PATH))
    mounts.push({
      destination: INIT_PATH,
      type: 'bind',
      source: spec.init.path,
      options: ['bind', 'ro', 'rprivate'],
    });
  if (spec.timezone !== undefined)
    mounts.push({
      destination: '/etc/localtime',
      type: 'bind',
      source: timezoneFile(spec.timezone),
      options: ['bind', 'ro', 'rprivate'],
    });
  return mounts;
}

/** Programs that change their root into such a directory find the same names and networks. */
function chrootFiles({ chrootDirs }: ContainerSpec, bundle: BundleFacts): BundleFacts['managedFiles'] {
  if (chrootDirs === undefined) return [];
  const shared = bundle.managedFiles.filter(({ destination }) => NETWORK_FILES.includes(destination));
  return chrootDirs.flatMap((path) =>
    shared.map((file) => ({ ...file, destination: posix.join(path, file.destination) })),
  );
}

const NETWORK_FILES = ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname'];

/** Podman's place for --init: images and scripts that look at PID 1 know it. */
export const INIT_PATH = '/run/podman-init';

function userMount(mount: MountSpec, bundle: BundleFacts): OciMount {
  const { destination } = mount;
  const options = mount.options.filter((option) => !isEngineOption(option));
  switch (mount.type) {
    case 'tmpfs': {
      const { uid, gid } = bundle.user;
      const owner = mount.options.includes('U') ? [`uid=${uid}`, `gid=${gid}`] : [];
      const type = mount.ramfs === true ? 'ramfs' : 'tmpfs';
      return {
        destination,
        type,
        source: type,
        options: [...options, ...owner, ...(mount.copyUp ? ['tmpcopyup'] : [])],
      };
    }
    case 'devpts':
      return { destination, type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', ...options] };
    case 'bind':
      return { destination, type: 'bind', source: bundle.volumePaths[destination] ?? mount.source, options };
    case 'image':
    case 'volume':
    case 'image-volume': {
      const source = bundle.volumePaths[destination];
      if (source === undefined)
        throw new InvalidSpecError(`nothing is there to be mounted at ${destination}: ${mount.type}`);
      return { destination, type: 'bind', source, options };
    }
  }
}

/** In a user namespace no device node can be made: the host's is bound. */
function deviceBinds(spec: ContainerSpec, host: HostFacts): OciMount[] {
  if (!isConfined(spec, host)) return [];
  const all = spec.security.privileged
    ? host.hostDevices.filter(({ path }) => !MADE_BY_RUNTIME.has(path))
    : [];
  const bind = (source: string, destination: string): OciMount => ({
    destination,
    type: 'bind',
    source,
    options: ['slave', 'nosuid', 'noexec', 'rw', 'rbind'],
  });
  return [
    ...spec.devices.map((device) => bind(device.source, device.destination)),
    ...all
      .filter((device) => !spec.devices.some((asked) => asked.destination === device.path))
      .map((device) => bind(device.path, device.path)),
  ];
}

/** What the root mount must be, so that mounts pass between host and container as asked for. */
export function rootfsPropagation(mounts: readonly OciMount[]): string | undefined {
  const has = (...words: string[]) =>
    mounts.some((mount) => mount.options.some((option) => words.includes(option)));
  if (has('shared', 'rshared')) return 'shared';
  // The binds of devices are slaves for a device's sake only.
  const slaves = mounts.filter((mount) => !mount.destination.startsWith('/dev/'));
  return slaves.some((mount) => mount.options.some((option) => option === 'slave' || option === 'rslave'))
    ? 'rslave'
    : undefined;
}
