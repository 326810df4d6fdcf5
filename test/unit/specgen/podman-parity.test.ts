import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RuntimeSpec } from '../../../src/oci/runtime-spec.ts';
import { ALL_CAPABILITIES } from '../../../src/specgen/capabilities.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import type { BundleFacts } from '../../../src/specgen/host-facts.ts';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, contextFixture, hostFixture, imageFixture, specOf } from './fixture.ts';

/**
 * What podman 4.3.1 with runc wrote into config.json for these flags on a cgroup v1 host, with ids and paths replaced by words and
 * lists without an order sorted. What we do otherwise on purpose stands in `withOurDifferences`.
 */
const PODMAN = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/spec-podman/podman-4.3.1.json'), 'utf8'),
) as Record<string, Comparable>;

interface Comparable {
  process: Record<string, unknown> & { env: string[]; rlimits?: { type: string }[] };
  hostname?: string;
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  root: { path: string; readonly?: boolean };
  annotations: Record<string, string>;
  linux: Record<string, unknown> & { maskedPaths?: string[]; namespaces: string[]; devices?: object[] };
}

interface Case {
  options: CreateOptions;
  command?: string[];
  user?: Partial<BundleFacts['user']>;
}

const none = ['none'];
const CASES: Record<string, Case> = {
  base: { options: { network: none } },
  vols: {
    options: {
      network: none,
      volume: [
        '/img:/a',
        '/img:/b:ro',
        'named:/c',
        '/anon',
        'named2:/d:ro,nosuid,exec',
        '/tmp:/e:rshared,dev,suid',
      ],
    },
  },
  mounts: {
    options: {
      network: none,
      mount: [
        'type=bind,src=/tmp,dst=/a,ro',
        'type=volume,src=n1,dst=/b',
        'type=tmpfs,dst=/c,tmpfs-size=1m,tmpfs-mode=1777',
        'type=devpts,destination=/foo/pts',
      ],
      tmpfs: ['/t:rw,size=1k', '/t2'],
    },
  },
  priv: { options: { network: none, privileged: true } },
  user: {
    options: { network: none, user: '1000' },
    user: { uid: 1000, gid: 1000, additionalGids: [1000, 29], home: '/home/user' },
  },
  usercap: {
    options: { network: none, user: 'user:audio', capAdd: ['NET_RAW'], capDrop: ['CHOWN'] },
    user: { uid: 1000, gid: 29, additionalGids: [29], home: '/home/user' },
  },
  res: {
    options: {
      network: none,
      memory: '64m',
      memorySwap: '128m',
      cpus: 1.5,
      cpuShares: 512,
      cpusetCpus: '0',
      pidsLimit: 100,
      memoryReservation: '32m',
      oomScoreAdj: 100,
      shmSize: '10m',
      ulimit: ['nofile=100:200', 'core=-1'],
    },
  },
  memonly: { options: { network: none, memory: '64m' } },
  sec: {
    options: {
      network: none,
      securityOpt: ['no-new-privileges', 'mask=/foo', 'unmask=/proc/acpi'],
      capDrop: ['all'],
      capAdd: ['chown'],
      readOnly: true,
    },
  },
  unmaskall: {
    options: {
      network: none,
      securityOpt: ['unmask=ALL', 'seccomp=unconfined'],
      readOnly: true,
      readOnlyTmpfs: false,
    },
  },
  hostns: { options: { network: ['host'], pid: 'host', ipc: 'host', uts: 'host' } },
  hostcg: { options: { network: none, cgroupns: 'private', uts: 'private', ipc: 'none' } },
  dev: { options: { network: none, device: ['/dev/null:/dev/mynull:r', '/dev/fuse'] } },
  init: {
    options: {
      network: none,
      init: true,
      initPath: process.execPath,
      sysctl: ['net.ipv4.ip_forward=1'],
      tty: true,
      env: ['A=1'],
      hostname: 'HOST',
      annotation: ['x=y'],
      workdir: '/tmp',
      groupAdd: ['audio'],
      umask: '077',
    },
    command: ['echo', 'hi'],
    user: { additionalGids: [29] },
  },
  ver5: {
    options: {
      network: none,
      ipc: 'shareable',
      stopSignal: 'USR1',
      rm: true,
      label: ['a=b'],
      entrypoint: '/bin/echo',
    },
    command: ['hi'],
  },
};

describe('config.json', () => {
  for (const [name, { options, command, user }] of Object.entries(CASES))
    it(`is what podman writes, but for the intended differences: ${name}`, () => {
      const podman = PODMAN[name];
      assert.ok(podman !== undefined);
      const ours = comparable(ourConfig(options, command ?? ['true'], user ?? {}));
      assert.deepEqual(ours, withOurDifferences(name, podman));
    });
});

function ourConfig(
  options: CreateOptions,
  command: string[],
  user: Partial<BundleFacts['user']>,
): RuntimeSpec {
  const context = contextFixture({
    image: imageFixture({ Volumes: { '/vol': {} } }),
    host: { cgroupVersion: 1, apparmor: false, selinux: false },
  });
  const spec = specOf(options, context, command);
  const volumes = spec.mounts.flatMap((mount) =>
    mount.type === 'volume' || mount.type === 'image-volume' ? [mount] : [],
  );
  const host = hostFixture({
    cgroupVersion: 1,
    cgroupControllers: ['cpu', 'cpuset', 'memory', 'pids', 'blkio'],
    cgroupPath: 'CGROUP',
    capabilities: ALL_CAPABILITIES.filter((capability) => capability !== 'CAP_SYS_RESOURCE'),
    devices: {
      '/dev/null': { type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 },
      '/dev/fuse': { type: 'c', major: 10, minor: 229, mode: 0o600, uid: 0, gid: 0 },
    },
  });
  const files = ['hosts', '.containerenv', 'hostname', 'resolv.conf'].flatMap((file) => {
    if (file === '.containerenv' && spec.mounts.some((mount) => mount.destination === '/run')) return [];
    if (file === 'resolv.conf' && spec.network.mode.mode !== 'host') return [];
    const destination = file === '.containerenv' ? '/run/.containerenv' : `/etc/${file}`;
    return [{ source: `BUNDLE/${file}`, destination, options: ['bind', 'rprivate'] }];
  });
  const bundle = bundleFixture({
    user: { uid: 0, gid: 0, additionalGids: [], home: '/root', ...user },
    managedFiles: files,
    hostname: spec.namespaces.uts.mode === 'host' ? 'vm' : 'HOST',
    ...(spec.namespaces.ipc.mode === 'shareable' ? { shmPath: 'BUNDLE/shm' } : {}),
    volumePaths: Object.fromEntries(
      volumes.map(({ name, destination }) => [
        destination,
        `VOLUMES/${/^0+\d+$/.test(name) ? 'ANON' : name}`,
      ]),
    ),
  });
  return toRuntimeSpec(spec, host, bundle, () => {});
}

function comparable(config: RuntimeSpec): Comparable {
  const { ociVersion: _version, ...copy } = structuredClone(config);
  const { linux } = copy;
  return {
    ...copy,
    annotations: copy.annotations ?? {},
    process: {
      ...copy.process,
      env: copy.process.env.sort(),
      rlimits: (copy.process.rlimits ?? []).sort((a, b) => (a.type < b.type ? -1 : 1)),
    },
    mounts: copy.mounts
      .map((mount) => ({ ...mount, options: mount.options.sort() }))
      .sort((a, b) => (a.destination < b.destination ? -1 : 1)),
    linux: {
      ...linux,
      ...(linux.seccomp === undefined ? {} : { seccomp: true }),
      ...(linux.maskedPaths === undefined ? {} : { maskedPaths: linux.maskedPaths.sort() }),
      ...(linux.readonlyPaths === undefined ? {} : { readonlyPaths: linux.readonlyPaths.sort() }),
      namespaces: linux.namespaces.map(({ type }) => type).sort(),
    },
  };
}

function withOurDifferences(name: string, podman: Comparable): Comparable {
  const expected = structuredClone(podman);
  const { process, linux } = expected;
  // This machine may have no catatonit: the test's own program stands for it.
  const init = expected.mounts.find(({ destination }) => destination === '/run/podman-init');
  if (init !== undefined) init.source = globalThis.process.execPath;
  // As docker and newer podman: TERM only where there is a terminal.
  if (!CASES[name]?.options.tty) process.env = process.env.filter((text) => text !== 'TERM=xterm');
  // The limit of podman 5; both lower it to what is allowed.
  process.rlimits = (process.rlimits ?? [])
    .map((limit) => (limit.type === 'RLIMIT_NPROC' ? { ...limit, soft: 4_194_304, hard: 4_194_304 } : limit))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
  // Written out where podman leaves the zero value away.
  process['terminal'] ??= false;
  expected.root.readonly ??= false;
  if (name === 'user') Object.assign(Object(process['capabilities']), { effective: [], permitted: [] });
  // Masked in docker 28 and newer podman.
  if (linux.maskedPaths !== undefined)
    linux.maskedPaths = [...linux.maskedPaths, '/proc/interrupts', '/sys/devices/virtual/powercap'].sort();
  // Permission bits alone; podman passes the file type in them too.
  for (const device of linux.devices ?? [])
    if ('fileMode' in device) device.fileMode = Number(device.fileMode) & 0o7777;
  if (linux.devices?.length === 0) delete linux.devices;
  const mount = (destination: string) => expected.mounts.find((found) => found.destination === destination);
  if (name === 'mounts') {
    // Sizes in bytes; a devpts without the flags that every other one has would be a hole.
    replaceOption(mount('/c'), 'size=1m', 'size=1048576');
    mount('/foo/pts')?.options.push('noexec', 'nosuid');
  }
  // --read-only-tmpfs=false seals /dev and /dev/shm, as the manual of podman 5 says.
  if (name === 'unmaskall')
    for (const destination of ['/dev', '/dev/shm']) mount(destination)?.options.push('ro');
  for (const { options } of expected.mounts) options.sort();
  return expected;
}

function replaceOption(mount: { options: string[] } | undefined, old: string, next: string): void {
  assert.ok(mount);
  assert.ok(mount.options.includes(old));
  mount.options = [...mount.options.filter((option) => option !== old), next];
}
