import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import type { HostFacts } from '../../../src/specgen/host-facts.ts';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, contextFixture, hostFixture, specOf } from './fixture.ts';

const resourcesOf = (options: CreateOptions) => specOf(options).resources;

describe('resource flags', () => {
  it('turn sizes and CPUs into bytes and quota, and swap into twice the memory', () => {
    assert.deepEqual(resourcesOf({ memory: '1.5g', cpus: 0.25 }), {
      cgroups: 'enabled',
      memory: 1610612736,
      memorySwap: 3221225472,
      cpuPeriod: 100000,
      cpuQuota: 25000,
      pidsLimit: 2048,
    });
    assert.equal(resourcesOf({ memory: '10m', memorySwap: '-1' }).memorySwap, -1);
    assert.equal(resourcesOf({ memory: '0' }).memory, undefined);
  });

  it('lift the limit of processes with -1 and 0', () => {
    assert.equal(resourcesOf({ pidsLimit: -1 }).pidsLimit, undefined);
    assert.equal(resourcesOf({ pidsLimit: 0 }).pidsLimit, undefined);
    assert.equal(resourcesOf({ pidsLimit: 7 }).pidsLimit, 7);
  });

  const bad: [CreateOptions, RegExp][] = [
    [{ memory: 'lots' }, /invalid value for --memory: invalid size: 'lots'/],
    [{ memory: '-1' }, /invalid size/],
    [{ memory: '99999999999999999999' }, /larger than any machine/],
    [{ memory: '9e' }, /larger than any machine/],
    [{ memorySwap: '1g' }, /always set a memory limit/],
    [{ memory: '64m', memorySwap: '1m' }, /memoryswap limit should be larger than memory limit/],
    [{ memory: '1m', memoryReservation: '2m' }, /cannot be less than memory reservation/],
    [{ memorySwappiness: 101 }, /valid memory swappiness range is 0-100/],
    [{ cpus: 1, cpuQuota: 5 }, /--cpu-quota and --cpus cannot be set together/],
    [{ cpus: 1, cpuPeriod: 5000 }, /--cpu-period and --cpus cannot be set together/],
    [{ cpus: -1 }, /invalid --cpus -1/],
    [{ cpus: 1e9 }, /invalid --cpus/],
    [{ cpus: Number.NaN }, /invalid --cpus/],
    [{ cpuPeriod: 1 }, /cannot be less than 1ms/],
    [{ cpuQuota: 1 }, /cannot be less than 1ms/],
    [{ cpusetCpus: '3-1' }, /invalid --cpuset-cpus/],
    [{ cpusetMems: 'x' }, /invalid --cpuset-mems/],
    [{ blkioWeight: '5' }, /range of blkio weight is from 10 to 1000/],
    [{ pidsLimit: -5 }, /invalid --pids-limit -5/],
    [{ cgroups: 'bogus' }, /must be one of enabled, disabled/],
    [{ cgroups: 'disabled', memory: '1g' }, /cannot set resource limits/],
    [{ shmSize: 'x' }, /invalid value for --shm-size/],
    [{ oomScoreAdj: 5000 }, /invalid --oom-score-adj 5000/],
    [{ ulimit: ['foo=1'] }, /invalid ulimit type: foo/],
    [{ ulimit: ['nofile=5:1'] }, /soft limit must be less than or equal to hard limit/],
    [{ ulimit: ['nofile=-1:1'] }, /soft limit must be less/],
    [{ ulimit: ['nofile'] }, /requires name=SOFT:HARD/],
    [{ ulimit: ['host', 'nofile=1'] }, /can use host as the only value/],
  ];
  for (const [options, message] of bad)
    it(`refuse ${JSON.stringify(options)}`, () => assert.throws(() => resourcesOf(options), message));
});

describe('limits in config.json', () => {
  const configOf = (options: CreateOptions, host: Partial<HostFacts>, notes: string[] = []) =>
    toRuntimeSpec(
      specOf(options, contextFixture({ rootless: host.rootless ?? false })),
      hostFixture(host),
      bundleFixture(),
      (_level, note) => notes.push(note),
    );

  it('name the controller that is missing', () => {
    assert.throws(
      () => configOf({ memory: '1g' }, { cgroupControllers: ['cpu', 'pids'] }),
      /cannot set --memory: the cgroup controller "memory" is not available/,
    );
    assert.throws(() => configOf({ blkioWeight: '100' }, { cgroupControllers: [] }), /controller "io"/);
    assert.throws(() => configOf({ cpusetCpus: '0' }, { cgroupControllers: ['cpu'] }), /controller "cpuset"/);
  });

  it('leave out the standing limit of processes with a note where there is no such controller', () => {
    const notes: string[] = [];
    assert.equal(configOf({}, { cgroupControllers: [] }, notes).linux.resources?.pids, undefined);
    assert.match(notes.join(), /"pids" is not available/);
  });

  it('refuse a limit of processes that was asked for where there is no such controller, or no cgroup', () => {
    const missing = { cgroupControllers: [] };
    assert.throws(
      () => configOf({ pidsLimit: 9 }, missing),
      /cannot set --pids-limit: .*"pids" is not available/,
    );
    const none = { rootless: true, cgroupVersion: 2 as const, cgroupPath: undefined };
    assert.throws(() => configOf({ pidsLimit: 9 }, none), /this user has no cgroup of its own/);
  });

  it('are ignored with a note where there is no cgroup, as for a user on cgroup v1', () => {
    const notes: string[] = [];
    const host = { rootless: true, cgroupVersion: 1 as const, cgroupPath: undefined };
    const { linux } = configOf({ memory: '1g' }, host, notes);
    assert.deepEqual(linux.resources, {});
    assert.equal(linux.cgroupsPath, undefined);
    assert.match(notes.join(), /resource limits are not supported and ignored/);
  });

  it('are refused where a user has no cgroup only for want of a session', () => {
    const host = { rootless: true, cgroupVersion: 2 as const, cgroupPath: undefined };
    assert.throws(() => configOf({ memory: '1g' }, host), /this user has no cgroup of its own/);
    assert.deepEqual(configOf({}, host).linux.resources, {});
  });

  it('are lowered to what this process may set, and only then', () => {
    const notes: string[] = [];
    const host = {
      mayRaiseLimits: false,
      hardLimits: { RLIMIT_NOFILE: 20000, RLIMIT_NPROC: -1 },
      oomScoreAdj: 100,
    };
    const options = { ulimit: ['nofile=10:30000', 'core=-1'], oomScoreAdj: -500 };
    const { process } = configOf(options, host, notes);
    assert.deepEqual(process.rlimits, [
      { type: 'RLIMIT_NOFILE', hard: 20000, soft: 10 },
      { type: 'RLIMIT_NPROC', hard: 4194304, soft: 4194304 },
      { type: 'RLIMIT_CORE', hard: 2 ** 64, soft: 2 ** 64 },
    ]);
    assert.equal(process.oomScoreAdj, 100);
    assert.equal(notes.length, 2);
    const free = configOf(options, { ...host, mayRaiseLimits: true }).process;
    assert.equal(free.rlimits?.[0]?.hard, 30000);
    assert.equal(free.oomScoreAdj, -500);
  });

  it('are those of the caller with --ulimit host and for a user who asks for none', () => {
    assert.equal(configOf({ ulimit: ['host'] }, {}).process.rlimits, undefined);
    assert.equal(configOf({}, { rootless: true }).process.rlimits, undefined);
  });
});

describe('limits for single block devices', () => {
  const disk = { '/dev/sda': { type: 'b', major: 8, minor: 0, mode: 0o660, uid: 0, gid: 6 } };

  it('come to numbers of the device', () => {
    const spec = specOf({
      blkioWeightDevice: ['/dev/sda:200'],
      deviceReadBps: ['/dev/sda:1mb'],
      deviceWriteIops: ['/dev/sda:30'],
    });
    const { linux } = toRuntimeSpec(spec, hostFixture({ devices: disk }), bundleFixture());
    assert.deepEqual(linux.resources?.blockIO, {
      weightDevice: [{ major: 8, minor: 0, weight: 200 }],
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1048576 }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 30 }],
    });
  });

  it('and files of the cgroup are refused when they make no sense', () => {
    assert.throws(() => specOf({ deviceReadBps: ['sda:1mb'] }), /bad format for --device-read-bps: sda:1mb/);
    assert.throws(() => specOf({ deviceReadIops: ['/dev/sda:1mb'] }), /invalid rate for --device-read-iops/);
    assert.throws(() => specOf({ blkioWeightDevice: ['/dev/sda:5'] }), /must be from 10 to 1000/);
    assert.throws(() => specOf({ cgroupConf: ['../x=1'] }), /invalid --cgroup-conf/);
    assert.deepEqual(specOf({ cgroupConf: ['memory.high=64M'] }).resources.unified, { 'memory.high': '64M' });
    assert.throws(() => specOf({ cpuRtRuntime: 2_000_000 }), /more than its period/);
  });
});
