import assert from 'node:assert/strict';
import { it } from 'node:test';
import { statsFrom } from '../../../src/engine/container-stats.ts';
import type { ContainerRecord } from '../../../src/libpod/container.ts';
import type { ResourceUsage } from '../../../src/libpod/resource-usage.ts';

const HOUR_MS = 3_600_000;

function usage(values: Pick<ResourceUsage, 'at' | 'clock' | 'cpuNanos'>): ResourceUsage {
  return {
    systemNanos: 0,
    cpus: 1,
    memory: 0,
    memoryWithCache: 0,
    memoryLimit: 1,
    memoryDetails: () => ({}),
    cpuDetails: () => ({
      userNanos: 0,
      kernelNanos: 0,
      throttled: { periods: 0, throttledPeriods: 0, nanos: 0 },
    }),
    pids: 1,
    pidsLimit: () => undefined,
    readBytes: 0,
    writtenBytes: 0,
    networks: {},
    cgroupVersion: 2,
    ...values,
  };
}

it('what a container uses of a CPU is right also where the clock of the host was set between two looks', () => {
  const record = { startedAt: undefined } as ContainerRecord;
  const before = usage({ at: 10 * HOUR_MS, clock: 5000, cpuNanos: 1e9 });
  for (const at of [9 * HOUR_MS, 11 * HOUR_MS])
    assert.equal(statsFrom(record, usage({ at, clock: 7000, cpuNanos: 2e9 }), before).cpuPercent, 50);
});
