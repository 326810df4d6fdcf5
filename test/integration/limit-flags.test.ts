import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DISK, noDisk, noWeights, numbersOf, withLoopDevice } from '../fixtures/block-device.ts';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { tspodOk } from '../fixtures/harness.ts';
import { createPod, removePod } from '../fixtures/pods.ts';

const ROOT = '/sys/fs/cgroup';
const PARENT = `tspod-test-limits-${process.pid}`;
const NUMBERS = noDisk === false && DISK !== undefined ? numbersOf(DISK) : '';
const LAST_CPU = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim().split(/[-,]/).at(-1) ?? '0';

interface Limit {
  flag: string;
  /** Of the cgroup, with what it holds for each of the values, and what it holds once the limit is lifted with 0. */
  file: string;
  values: readonly [string, string, string];
  shown?: (value: string) => string;
  lifted?: string;
}

const onDisk = (value: string): string => `${NUMBERS} ${value.replace(/^.*:/, '')}`;
const ofDisk = (...rates: [string, string, string]): Limit['values'] => [
  `${DISK}:${rates[0]}`,
  `${DISK}:${rates[1]}`,
  `${DISK}:${rates[2]}`,
];

/** What run, update, clone, pod create and pod clone have. */
const ANYWHERE = kept([
  {
    flag: '--blkio-weight',
    file: 'blkio/blkio.bfq.weight',
    values: ['300', '400', '500'],
    lifted: '100',
  },
  { flag: '--cpu-shares', file: 'cpu/cpu.shares', values: ['300', '400', '500'], lifted: '1024' },
  { flag: '--cpuset-cpus', file: 'cpuset/cpuset.cpus', values: ['0', LAST_CPU, '0'] },
  { flag: '--cpuset-mems', file: 'cpuset/cpuset.mems', values: ['0', '0', '0'] },
  {
    flag: '--device-read-bps',
    file: 'blkio/blkio.throttle.read_bps_device',
    values: ofDisk('1000000', '2000000', '3000000'),
    shown: onDisk,
  },
  {
    flag: '--device-write-bps',
    file: 'blkio/blkio.throttle.write_bps_device',
    values: ofDisk('4000000', '5000000', '6000000'),
    shown: onDisk,
  },
  {
    flag: '--memory',
    file: 'memory/memory.limit_in_bytes',
    values: ['67108864', '134217728', '100663296'],
  },
  {
    flag: '--memory-swap',
    file: 'memory/memory.memsw.limit_in_bytes',
    values: ['268435456', '201326592', '402653184'],
  },
]);

/** What only containers have. */
const OF_CONTAINERS = kept([
  {
    flag: '--cpu-period',
    file: 'cpu/cpu.cfs_period_us',
    values: ['50000', '60000', '70000'],
    lifted: '100000',
  },
  { flag: '--cpu-quota', file: 'cpu/cpu.cfs_quota_us', values: ['20000', '30000', '40000'], lifted: '-1' },
  {
    flag: '--cpu-rt-period',
    file: 'cpu/cpu.rt_period_us',
    values: ['500000', '600000', '700000'],
    lifted: '1000000',
  },
  { flag: '--cpu-rt-runtime', file: 'cpu/cpu.rt_runtime_us', values: ['1000', '2000', '3000'], lifted: '0' },
  {
    flag: '--memory-reservation',
    file: 'memory/memory.soft_limit_in_bytes',
    values: ['33554432', '50331648', '41943040'],
  },
  { flag: '--memory-swappiness', file: 'memory/memory.swappiness', values: ['10', '20', '30'] },
]);

/** What is a limit of containers too, but not of clones. */
const NOT_OF_CLONES: readonly Limit[] = [
  {
    flag: '--device-read-iops',
    file: 'blkio/blkio.throttle.read_iops_device',
    values: ofDisk('100', '200', '300'),
    shown: onDisk,
  },
  {
    flag: '--device-write-iops',
    file: 'blkio/blkio.throttle.write_iops_device',
    values: ofDisk('400', '500', '600'),
    shown: onDisk,
  },
  { flag: '--pids-limit', file: 'pids/pids.max', values: ['70', '80', '90'], lifted: 'max' },
];

describe('a limit holds in the cgroup, whoever sets it', { skip: noDisk }, () => {
  before(() => {
    for (const controller of ['cpu', 'blkio']) mkdirSync(join(ROOT, controller, PARENT));
    if (isKept('cpu/cpu.rt_runtime_us'))
      writeFileSync(join(ROOT, 'cpu', PARENT, 'cpu.rt_runtime_us'), '20000');
  });
  after(() => {
    for (const hierarchy of readdirSync(ROOT)) {
      const directory = join(ROOT, hierarchy, PARENT);
      if (existsSync(directory)) rmdirSync(directory);
    }
  });

  it('run, update and container clone', async () => {
    const ofRun = [...ANYWHERE, ...OF_CONTAINERS, ...NOT_OF_CLONES];
    const name = await startSleeper(['--cgroup-parent', `/${PARENT}`, ...flagsOf(ofRun, 0)]);
    const read = async (container: string, limits: readonly Limit[]) => {
      const files = limits.map(({ file }) => join(ROOT, file));
      return (await tspodOk(['exec', container, 'cat', ...files])).split('\n');
    };
    assert.deepEqual(named(ofRun, await read(name, ofRun)), expected(ofRun, 0));
    await tspodOk(['update', ...flagsOf(ofRun, 1), name]);
    assert.deepEqual(named(ofRun, await read(name, ofRun)), expected(ofRun, 1));
    const ofClones = [...ANYWHERE, ...OF_CONTAINERS];
    const clone = freshName('clone');
    await tspodOk(['container', 'clone', '--run', ...flagsOf(ofClones, 2), name, clone]);
    assert.deepEqual(named(ofClones, await read(clone, ofClones)), expected(ofClones, 2));
    // As they were, where the clone is not told otherwise.
    assert.deepEqual(named(NOT_OF_CLONES, await read(clone, NOT_OF_CLONES)), expected(NOT_OF_CLONES, 1));
    const liftable = ofRun.filter(({ lifted }) => lifted !== undefined);
    await tspodOk(['update', ...liftable.flatMap(({ flag }) => [flag, '0']), name]);
    assert.deepEqual(
      named(liftable, await read(name, liftable)),
      Object.fromEntries(liftable.map(({ flag, lifted }) => [flag, lifted])),
    );
    await tspodOk(['rm', '-f', '-t', '0', name, clone]);
  });

  it('pod create and pod clone', async () => {
    const pod = await createPod(['--cgroup-parent', `/${PARENT}`, ...flagsOf(ANYWHERE, 0)]);
    const read = async (of: string) => {
      const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', of]);
      assert.ok(path.startsWith(`/${PARENT}/`), path);
      return ANYWHERE.map(({ file }) => {
        const [controller = '', name = ''] = file.split('/');
        return readFileSync(join(ROOT, controller, path, name), 'utf8').trim();
      });
    };
    assert.deepEqual(named(ANYWHERE, await read(pod)), expected(ANYWHERE, 0));
    const clone = freshName('pod');
    await tspodOk(['pod', 'clone', ...flagsOf(ANYWHERE, 1), pod, clone]);
    assert.deepEqual(named(ANYWHERE, await read(clone)), expected(ANYWHERE, 1));
    await removePod(clone);
    await removePod(pod);
  });

  it('a weight of one disk, which its scheduler has to know', { skip: noWeights }, async () => {
    await withLoopDevice('bfq', async (disk) => {
      const weight = (value: number): string[] => ['--blkio-weight-device', `${disk}:${value}`];
      const numbers = numbersOf(disk);
      const name = await startSleeper(weight(200));
      const file = 'blkio.bfq.weight_device';
      const read = (container: string) => tspodOk(['exec', container, 'cat', join(ROOT, 'blkio', file)]);
      assert.match(await read(name), new RegExp(`^${numbers} 200$`, 'm'));
      await tspodOk(['update', ...weight(300), name]);
      assert.match(await read(name), new RegExp(`^${numbers} 300$`, 'm'));
      const clone = freshName('clone');
      await tspodOk(['container', 'clone', '--run', ...weight(400), name, clone]);
      assert.match(await read(clone), new RegExp(`^${numbers} 400$`, 'm'));
      await tspodOk(['update', ...weight(0), name]);
      assert.doesNotMatch(await read(name), new RegExp(`^${numbers} `, 'm'));
      await tspodOk(['rm', '-f', '-t', '0', name, clone]);
      const [pod, second] = [await createPod(weight(500)), freshName('pod')];
      await tspodOk(['pod', 'clone', ...weight(600), pod, second]);
      for (const [of, value] of [
        [pod, 500],
        [second, 600],
      ] as const) {
        const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', of]);
        const text = readFileSync(join(ROOT, 'blkio', path, file), 'utf8');
        assert.match(text, new RegExp(`^${numbers} ${value}$`, 'm'));
        await removePod(of);
      }
    });
  });
});

function kept(limits: readonly Limit[]): readonly Limit[] {
  return limits.filter(({ file }) => isKept(file));
}

/** Whether this kernel has the limit: some files are there only below the topmost cgroup. */
function isKept(file: string): boolean {
  if (file.includes('bfq')) return noWeights === false;
  return existsSync(join(ROOT, file));
}

function flagsOf(limits: readonly Limit[], which: 0 | 1 | 2): string[] {
  return limits.flatMap(({ flag, values }) => [flag, values[which]]);
}

function expected(limits: readonly Limit[], which: 0 | 1 | 2): Record<string, string> {
  return Object.fromEntries(
    limits.map(({ flag, values, shown = (value) => value }) => [flag, shown(values[which])]),
  );
}

function named(limits: readonly Limit[], texts: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(limits.map(({ flag }, index) => [flag, texts[index]]));
}
