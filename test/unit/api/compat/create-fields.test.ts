import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnsupportedError } from '../../../../src/base/errors.ts';
import { requestFromBody } from '../../../../src/api/compat/create-body.ts';

/** What becomes of a member: an option or extra with this value, an error that names it, or nothing, for a reason. */
type Fate =
  | { value: unknown; option: string; is: unknown }
  | { value: unknown; extra: string; is: unknown }
  | { value: unknown; refused: RegExp }
  | { value: unknown; nothing: string };

const BPS = [{ Path: '/dev/sda', Rate: 1 }];
const refused = (value: unknown, name: string): Fate => ({ value, refused: new RegExp(`\\b${name}\\b`) });

const CONTAINER: Record<string, Fate> = {
  Hostname: { value: 'web', option: 'hostname', is: 'web' },
  Domainname: { value: '', nothing: 'tested with Hostname below' },
  User: { value: '5:6', option: 'user', is: '5:6' },
  AttachStdin: { value: true, extra: 'attached', is: ['stdin'] },
  AttachStdout: { value: true, extra: 'attached', is: ['stdout'] },
  AttachStderr: { value: true, extra: 'attached', is: ['stderr'] },
  ExposedPorts: { value: { '80/tcp': {} }, option: 'expose', is: ['80/tcp'] },
  Tty: { value: true, option: 'tty', is: true },
  OpenStdin: { value: true, extra: 'keepStdin', is: true },
  StdinOnce: { value: true, nothing: 'without OpenStdin there is no input' },
  Env: { value: ['A=b'], option: 'env', is: ['A=b'] },
  Cmd: { value: ['x'], nothing: 'is the command, tested elsewhere' },
  Healthcheck: { value: { Test: ['NONE'] }, option: 'noHealthcheck', is: true },
  ArgsEscaped: { value: true, nothing: 'of Windows' },
  Image: { value: 'busybox', nothing: 'is the image, tested elsewhere' },
  Volumes: { value: { '/a': {} }, option: 'volume', is: ['/a'] },
  WorkingDir: { value: '/w', option: 'workdir', is: '/w' },
  Entrypoint: { value: ['e'], option: 'entrypoint', is: '["e"]' },
  NetworkDisabled: { value: true, option: 'network', is: ['none'] },
  MacAddress: { value: '02:00:00:00:00:01', option: 'macAddress', is: '02:00:00:00:00:01' },
  OnBuild: refused(['RUN x'], 'OnBuild'),
  Labels: { value: { a: 'b' }, option: 'label', is: ['a=b'] },
  StopSignal: { value: 'INT', option: 'stopSignal', is: 'INT' },
  StopTimeout: { value: 4, option: 'stopTimeout', is: 4 },
  Shell: { value: ['sh'], nothing: 'only builds read it' },
};

const HOST: Record<string, Fate> = {
  CpuShares: { value: 5, option: 'cpuShares', is: 5 },
  Memory: { value: 1e8, option: 'memory', is: '100000000b' },
  CgroupParent: { value: '/p', option: 'cgroupParent', is: '/p' },
  BlkioWeight: { value: 20, option: 'blkioWeight', is: '20' },
  BlkioWeightDevice: {
    value: [{ Path: '/dev/sda', Weight: 10 }],
    option: 'blkioWeightDevice',
    is: ['/dev/sda:10'],
  },
  BlkioDeviceReadBps: { value: BPS, option: 'deviceReadBps', is: ['/dev/sda:1'] },
  BlkioDeviceWriteBps: { value: BPS, option: 'deviceWriteBps', is: ['/dev/sda:1'] },
  BlkioDeviceReadIOps: { value: BPS, option: 'deviceReadIops', is: ['/dev/sda:1'] },
  BlkioDeviceWriteIOps: { value: BPS, option: 'deviceWriteIops', is: ['/dev/sda:1'] },
  CpuPeriod: { value: 5000, option: 'cpuPeriod', is: 5000 },
  CpuQuota: { value: 6000, option: 'cpuQuota', is: 6000 },
  CpuRealtimePeriod: { value: 1, option: 'cpuRtPeriod', is: 1 },
  CpuRealtimeRuntime: { value: 1, option: 'cpuRtRuntime', is: 1 },
  CpusetCpus: { value: '0', option: 'cpusetCpus', is: '0' },
  CpusetMems: { value: '0', option: 'cpusetMems', is: '0' },
  Devices: { value: [{ PathOnHost: '/dev/fuse' }], option: 'device', is: ['/dev/fuse:/dev/fuse:rwm'] },
  DeviceCgroupRules: { value: ['c 1:3 r'], option: 'deviceCgroupRule', is: ['c 1:3 r'] },
  DeviceRequests: {
    value: [
      { Driver: 'cdi', DeviceIDs: ['vendor.com/class=a'] },
      { Count: 2, Capabilities: [['gpu']] },
    ],
    option: 'device',
    is: ['vendor.com/class=a', 'nvidia.com/gpu=0', 'nvidia.com/gpu=1'],
  },

  KernelMemory: { value: 1, nothing: 'docker passes over it too, since API 1.42' },
  KernelMemoryTCP: refused(1, 'KernelMemoryTCP'),
  MemoryReservation: { value: 5, option: 'memoryReservation', is: '5b' },
  MemorySwap: { value: -1, option: 'memorySwap', is: '-1' },
  MemorySwappiness: { value: 5, option: 'memorySwappiness', is: 5 },
  NanoCpus: { value: 5e8, option: 'cpus', is: 0.5 },
  OomKillDisable: { value: true, option: 'oomKillDisable', is: true },
  Init: { value: true, option: 'init', is: true },
  PidsLimit: { value: 9, option: 'pidsLimit', is: 9 },
  Ulimits: { value: [{ Name: 'nofile', Soft: 1, Hard: 2 }], option: 'ulimit', is: ['nofile=1:2'] },
  CpuCount: refused(1, 'CpuCount'),
  CpuPercent: refused(1, 'CpuPercent'),
  IOMaximumIOps: refused(1, 'IOMaximumIOps'),
  IOMaximumBandwidth: refused(1, 'IOMaximumBandwidth'),
  Binds: { value: ['/a:/b'], option: 'volume', is: ['/a:/b'] },
  ContainerIDFile: { value: '/x', nothing: 'the client writes it' },
  LogConfig: { value: { Type: 'journald' }, option: 'logDriver', is: 'journald' },
  NetworkMode: { value: 'host', option: 'network', is: ['host'] },
  PortBindings: { value: { '80/tcp': [{ HostPort: '8080' }] }, option: 'publish', is: ['8080:80/tcp'] },
  RestartPolicy: {
    value: { Name: 'on-failure', MaximumRetryCount: 3 },
    option: 'restart',
    is: 'on-failure:3',
  },
  AutoRemove: { value: true, option: 'rm', is: true },
  VolumeDriver: refused('nfs', 'HostConfig.VolumeDriver'),
  VolumesFrom: { value: ['x'], option: 'volumesFrom', is: ['x'] },
  Mounts: {
    value: [{ Type: 'volume', Source: 'v', Target: '/v', Consistency: 'cached' }],
    option: 'mount',
    is: ['type=volume,source=v,destination=/v'],
  },
  ConsoleSize: { value: [24, 80], extra: 'consoleSize', is: { height: 24, width: 80 } },
  Annotations: { value: { a: 'b' }, option: 'annotation', is: ['a=b'] },
  CapAdd: { value: ['NET_ADMIN'], option: 'capAdd', is: ['NET_ADMIN'] },
  CapDrop: { value: ['ALL'], option: 'capDrop', is: ['ALL'] },
  CgroupnsMode: { value: 'host', option: 'cgroupns', is: 'host' },
  Dns: { value: ['1.1.1.1'], option: 'dns', is: ['1.1.1.1'] },
  DnsOptions: { value: ['ndots:1'], option: 'dnsOption', is: ['ndots:1'] },
  DnsSearch: { value: ['x.org'], option: 'dnsSearch', is: ['x.org'] },
  ExtraHosts: { value: ['a:1.2.3.4'], option: 'addHost', is: ['a:1.2.3.4'] },
  GroupAdd: { value: ['5'], option: 'groupAdd', is: ['5'] },
  IpcMode: { value: 'host', option: 'ipc', is: 'host' },
  Cgroup: refused('container:x', 'Cgroup'),
  Links: { value: ['a:b'], option: 'link', is: ['a:b'] },
  OomScoreAdj: { value: 5, option: 'oomScoreAdj', is: 5 },
  PidMode: { value: 'host', option: 'pid', is: 'host' },
  Privileged: { value: true, option: 'privileged', is: true },
  PublishAllPorts: { value: true, option: 'publishAll', is: true },
  ReadonlyRootfs: { value: true, option: 'readOnlyTmpfs', is: false },
  SecurityOpt: { value: ['label=disable'], option: 'securityOpt', is: ['label=disable'] },
  StorageOpt: { value: { size: '1g' }, option: 'storageOpt', is: ['size=1g'] },
  Tmpfs: { value: { '/t': 'size=1m' }, option: 'tmpfs', is: ['/t:size=1m'] },
  UTSMode: { value: 'host', option: 'uts', is: 'host' },
  UsernsMode: { value: 'host', option: 'userns', is: 'host' },
  ShmSize: { value: 5, option: 'shmSize', is: '5b' },
  Sysctls: { value: { 'net.core.x': '1' }, option: 'sysctl', is: ['net.core.x=1'] },
  Runtime: { value: 'runc', extra: 'runtime', is: 'runc' },
  Isolation: refused('hyperv', 'HostConfig.Isolation'),
  MaskedPaths: { value: ['/proc/kcore'], extra: 'maskedPaths', is: ['/proc/kcore'] },
  ReadonlyPaths: { value: [], extra: 'readonlyPaths', is: [] },
};

/** Of an entry of NetworkingConfig.EndpointsConfig; its state (NetworkID, Gateway …) is nothing to ask for. */
const ENDPOINT: Record<string, Fate> = {
  IPAMConfig: { value: { IPv4Address: '10.0.0.5' }, option: 'network', is: ['shop:ip=10.0.0.5'] },
  Links: { value: ['a:b'], extra: 'networkLinks', is: [{ network: 'shop', link: 'a:b' }] },
  MacAddress: { value: '02:00:00:00:00:01', option: 'network', is: ['shop:mac=02:00:00:00:00:01'] },
  Aliases: { value: ['db'], option: 'network', is: ['shop:alias=db'] },
  DriverOpts: { value: { a: 'b' }, option: 'network', is: ['shop:driver-opt=a=b'] },
  GwPriority: { value: 7, option: 'network', is: ['shop:gw-priority=7'] },
};

const MOUNT: Record<string, Fate> = {
  image: {
    value: { Type: 'image', Source: 'x', Target: '/x', ImageOptions: { Subpath: 'etc' } },
    option: 'mount',
    is: ['type=image,source=x,destination=/x,image-subpath=etc'],
  },
  cluster: refused({ Type: 'cluster', Source: 'x', Target: '/x' }, 'cluster'),
  'BindOptions.ReadOnlyForceRecursive': {
    value: {
      ...{ Type: 'bind', Source: '/x', Target: '/x', ReadOnly: true },
      BindOptions: { ReadOnlyForceRecursive: true },
    },
    option: 'mount',
    is: ['type=bind,source=/x,destination=/x,ro=true,bind-recursive=readonly'],
  },
  'BindOptions.ReadOnlyNonRecursive': {
    value: { Type: 'bind', Source: '/x', Target: '/x', BindOptions: { ReadOnlyNonRecursive: true } },
    nothing: 'that is how read-only mounts are',
  },
  'BindOptions.NonRecursive': {
    value: { Type: 'bind', Source: '/x', Target: '/x', BindOptions: { NonRecursive: true } },
    option: 'mount',
    is: ['type=bind,source=/x,destination=/x,bind-nonrecursive=true'],
  },
  'VolumeOptions.DriverConfig': {
    value: {
      Type: 'volume',
      Source: 'x',
      Target: '/x',
      VolumeOptions: { DriverConfig: { Name: 'local', Options: { type: 'tmpfs', o: 'size=1m,mode=700' } } },
    },
    option: 'mount',
    is: [
      'type=volume,source=x,destination=/x,volume-driver=local,volume-opt=type=tmpfs,"volume-opt=o=size=1m,mode=700"',
    ],
  },
  'VolumeOptions.Labels': {
    value: { Type: 'volume', Source: 'x', Target: '/x', VolumeOptions: { Labels: { a: 'b' } } },
    option: 'mount',
    is: ['type=volume,source=x,destination=/x,volume-label=a=b'],
  },
  'TmpfsOptions.Options': {
    value: { Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [['noexec']] } },
    option: 'mount',
    is: ['type=tmpfs,destination=/x,noexec'],
  },
};

describe('every member of docker’s body of create is honoured, harmless or refused by its name', () => {
  checkAll('', CONTAINER, (name, value) => ({ [name]: value }));
  checkAll('HostConfig.', HOST, (name, value) => ({ HostConfig: { [name]: value } }));
  checkAll('EndpointsConfig.', ENDPOINT, (name, value) => ({
    HostConfig: { NetworkMode: 'shop' },
    NetworkingConfig: { EndpointsConfig: { shop: { [name]: value } } },
  }));
  checkAll('Mounts: ', MOUNT, (_, value) => ({ HostConfig: { Mounts: [value] } }));
});

function checkAll(
  prefix: string,
  fates: Record<string, Fate>,
  bodyOf: (name: string, value: unknown) => Record<string, unknown>,
): void {
  for (const [name, fate] of Object.entries(fates))
    test(`${prefix}${name}`, () => {
      const read = () => requestFromBody({ Image: 'busybox', ...bodyOf(name, fate.value) }, {});
      if ('refused' in fate) {
        assert.throws(read, (error) => error instanceof UnsupportedError && fate.refused.test(error.message));
        return;
      }
      const { options, extras } = read();
      if ('option' in fate) assert.deepEqual(new Map(Object.entries(options)).get(fate.option), fate.is);
      if ('extra' in fate) assert.deepEqual(new Map(Object.entries(extras ?? {})).get(fate.extra), fate.is);
    });
}

describe('a seccomp profile', () => {
  const securityOf = (...SecurityOpt: string[]) =>
    requestFromBody({ Image: 'busybox', HostConfig: { SecurityOpt } }, {});

  test('comes as its text', () => {
    const { options, extras } = securityOf('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', 'no-new-privileges');
    assert.equal(extras?.seccompProfile, '{"defaultAction":"SCMP_ACT_ALLOW"}');
    assert.deepEqual(options.securityOpt, ['no-new-privileges']);
  });

  test('of several the last one counts', () => {
    assert.equal(securityOf('seccomp={}', 'seccomp=unconfined').extras?.seccompProfile, undefined);
    assert.deepEqual(securityOf('seccomp=unconfined', 'seccomp={}').options.securityOpt, []);
  });
});

test('a runtime is a name, not a path to some program', () => {
  const HostConfig = { Runtime: '/bin/sh' };
  assert.throws(() => requestFromBody({ Image: 'busybox', HostConfig }, {}), /invalid runtime name/);
});

test('input stays open for the next client unless it is for one only', () => {
  const keepStdin = (more: object) =>
    requestFromBody({ Image: 'busybox', OpenStdin: true, ...more }, {}).extras?.keepStdin;
  assert.deepEqual([keepStdin({}), keepStdin({ StdinOnce: true })], [true, undefined]);
});

test('a domain goes behind the name of the host, and nowhere without one', () => {
  const hostnameOf = (body: Record<string, unknown>) =>
    requestFromBody({ Image: 'busybox', ...body }, {}).options.hostname;
  assert.equal(hostnameOf({ Hostname: 'web', Domainname: 'example.org' }), 'web.example.org');
  assert.equal(hostnameOf({ Domainname: 'example.org' }), undefined);
});
