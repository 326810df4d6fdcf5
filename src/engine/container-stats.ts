import type { ContainerRecord } from '../libpod/container.ts';
import { listRecords } from '../libpod/container-glance.ts';
import { observe } from '../libpod/observe.ts';
import {
  type MachineUsage,
  readMachineUsage,
  readUsage,
  type ResourceUsage,
} from '../libpod/resource-usage.ts';
import type { Engine } from './engine.ts';

export type { NetworkUsage, ResourceUsage } from '../libpod/resource-usage.ts';

/** Undefined for a container that is not running. */
export function containerUsage(
  engine: Engine,
  record: ContainerRecord,
  machine?: MachineUsage,
): ResourceUsage | undefined {
  const now = observe(engine, record);
  return now.state === 'running' || now.state === 'paused' ? readUsage(now, machine) : undefined;
}

/** `before` holds the usages of the last time by id. */
export function measureContainers(
  engine: Engine,
  records: readonly ContainerRecord[],
  before: ReadonlyMap<string, ResourceUsage>,
): ContainerStats[] {
  const machine = readMachineUsage();
  return records.map((record) =>
    statsFrom(record, containerUsage(engine, record, machine), before.get(record.id)),
  );
}

/** Those that may have something to measure, as stored: of all others nothing is read. */
export function listMeasurable(engine: Engine): ContainerRecord[] {
  return listRecords(engine.db, { whole: false, idle: false });
}

/** What one row of `stats` says. */
export interface ContainerStats {
  record: ContainerRecord;
  /** All zero for a container that is not running. */
  usage: ResourceUsage | undefined;
  /** Of one CPU: 200 is two of them in full use. */
  cpuPercent: number;
  /** The same since the start. */
  averageCpuPercent: number;
  memoryPercent: number;
}

/** `before` is the usage when it was last looked at; without one the average since the start is shown. */
export function statsFrom(
  record: ContainerRecord,
  usage: ResourceUsage | undefined,
  before: ResourceUsage | undefined,
): ContainerStats {
  if (usage === undefined) return { record, usage, cpuPercent: 0, averageCpuPercent: 0, memoryPercent: 0 };
  const started = record.startedAt === undefined ? usage.at : Date.parse(record.startedAt);
  const average = percent(usage.cpuNanos, (usage.at - started) * 1e6);
  return {
    record,
    usage,
    cpuPercent:
      before === undefined
        ? average
        : percent(usage.cpuNanos - before.cpuNanos, (usage.clock - before.clock) * 1e6),
    averageCpuPercent: average,
    memoryPercent: percent(usage.memory, usage.memoryLimit),
  };
}

function percent(part: number, whole: number): number {
  return whole > 0 && part > 0 ? (part / whole) * 100 : 0;
}
