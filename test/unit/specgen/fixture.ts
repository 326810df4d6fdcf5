import { NotFoundError } from '../../../src/base/errors.ts';
import { readRuntimeConfig } from '../../../src/base/containers-conf.ts';
import { parseImageConfig } from '../../../src/oci/image-spec.ts';
import type { ContainerSpec } from '../../../src/specgen/container-spec.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { specFromRequest } from '../../../src/specgen/from-options.ts';
import type { BundleFacts, HostFacts } from '../../../src/specgen/host-facts.ts';
import type { SpecContext } from '../../../src/specgen/spec-context.ts';

/** The built-in configuration, whatever this machine has in /etc. */
export const builtinConfig = () =>
  readRuntimeConfig({ runRoot: '/nonexistent' }, { CONTAINERS_CONF: '/dev/null' });

/** An image with something of everything. */
export function imageFixture(config: Record<string, unknown> = {}): SpecContext['image'] {
  const text = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [] },
    config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['sh'], ...config },
  });
  return {
    id: 'f'.repeat(64),
    name: 'docker.io/library/busybox:latest',
    config: parseImageConfig(text, 'image'),
  };
}

export interface FixtureContext extends SpecContext {
  warnings: string[];
}

export function contextFixture(changes: Partial<SpecContext> = {}): FixtureContext {
  let port = 40000;
  let volume = 0;
  const warnings: string[] = [];
  return {
    config: builtinConfig(),
    image: imageFixture(),
    lookupContainer(name): never {
      throw new NotFoundError('container', name);
    },
    lookupNetwork: (name) => name,
    hostEnv: {},
    cwd: '/work',
    rootless: false,
    drawPort: ({ length }) => {
      const first = port;
      port += length;
      return first;
    },
    glob: (pattern) => [pattern.replace('*', '1'), pattern.replace('*', '2')],
    newVolumeName: () => String(++volume).padStart(64, '0'),
    host: { cgroupVersion: 2, apparmor: false, selinux: false },
    createCommand: [],
    warn: (message) => warnings.push(message),
    ...changes,
    warnings,
  };
}

/** The spec of `run OPTIONS busybox COMMAND`. */
export function specOf(
  options: CreateOptions,
  context: SpecContext = contextFixture(),
  command: string[] = [],
): ContainerSpec {
  return specFromRequest({ options, image: 'busybox', command }, context);
}

/** The capabilities of a root shell on a machine without CAP_SYS_RESOURCE. */
export const ROOT_CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN NET_RAW SYS_CHROOT SYS_ADMIN MKNOD SETFCAP SYS_PTRACE'
    .split(' ')
    .map((name) => `CAP_${name}`);

export function hostFixture(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    rootless: false,
    cgroupVersion: 2,
    cgroupManager: 'cgroupfs',
    cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
    cgroupPath: '/libpod_parent/libpod-id',
    hardLimits: {},
    mayRaiseLimits: true,
    oomScoreAdj: 0,
    capabilities: ROOT_CAPABILITIES,
    apparmor: false,
    selinux: false,
    seccomp: true,
    architecture: 'amd64',
    seccompProfilePath: undefined,
    hostDevices: [],
    devices: {},
    ownNetns: true,
    hostProcHasMounts: false,
    ...changes,
  };
}

export function bundleFixture(changes: Partial<BundleFacts> = {}): BundleFacts {
  return {
    rootfs: '/rootfs',
    user: { uid: 0, gid: 0, additionalGids: [], home: '/root' },
    managedFiles: [],
    volumePaths: {},
    shmPath: undefined,
    netnsPath: undefined,
    namespacePaths: {},
    hostname: 'host',
    containerId: 'id',
    consoleSize: undefined,
    ...changes,
  };
}
