import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupWrites } from '../../../src/libpod/cgroup-writes.ts';
import type { OciResources } from '../../../src/oci/runtime-spec.ts';

const resources: OciResources = {
  memory: { limit: 1000, swap: 1500 },
  cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: '0-1', mems: '0' },
  blockIO: {
    weight: 500,
    weightDevice: [{ major: 8, minor: 0, weight: 10 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 7 }],
    throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 9 }],
  },
};

const lines = (version: 1 | 2): string[] =>
  cgroupWrites(resources, version).flatMap(({ controller, choices, isOptional }) =>
    choices.map(([file, text]) => `${controller} ${file} ${text}${isOptional ? ' ?' : ''}`),
  );

test('limits are written as cgroup v1 wants them', () => {
  assert.deepEqual(lines(1), [
    'memory memory.limit_in_bytes 1000',
    'memory memory.memsw.limit_in_bytes 1500 ?',
    'cpu cpu.shares 1024',
    'cpu cpu.cfs_period_us 100000',
    'cpu cpu.cfs_quota_us 50000',
    'cpuset cpuset.cpus 0-1',
    'cpuset cpuset.mems 0',
    'blkio blkio.weight 500',
    'blkio blkio.bfq.weight 500',
    'blkio blkio.weight_device 8:0 10',
    'blkio blkio.bfq.weight_device 8:0 10',
    'blkio blkio.throttle.read_bps_device 8:0 7',
    'blkio blkio.throttle.write_bps_device 8:0 9',
  ]);
});

test('limits are written as cgroup v2 wants them: swap apart from memory, weights on its own scale', () => {
  assert.deepEqual(lines(2), [
    'memory memory.max 1000',
    'memory memory.swap.max 500 ?',
    'cpu cpu.weight 39',
    'cpu cpu.max 50000 100000',
    'cpuset cpuset.cpus 0-1',
    'cpuset cpuset.mems 0',
    'io io.bfq.weight 500',
    'io io.weight 4950',
    'io io.bfq.weight 8:0 10',
    'io io.weight 8:0 1',
    'io io.max 8:0 rbps=7',
    'io io.max 8:0 wbps=9',
  ]);
});

test('swap without a limit is max on cgroup v2, and what is not limited is not written', () => {
  const writes = cgroupWrites({ memory: { limit: 1000, swap: -1 } }, 2);
  assert.deepEqual(
    writes.map(({ choices }) => choices[0]?.[1]),
    ['1000', 'max'],
  );
});
