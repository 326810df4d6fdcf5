import { setTimeout as delay } from 'node:timers/promises';
import { containerUsage, type NetworkUsage, type ResourceUsage } from '../../engine/container-stats.ts';
import { type ContainerRecord, findContainer } from '../../engine/containers.ts';
import type { Handler } from '../exchange.ts';
import { sendJson, sendStream } from '../respond.ts';
import { namedContainer } from './named-container.ts';

const INTERVAL_MS = 1000;

export const statsHandler: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const { id } = namedContainer(exchange);
  const look = (): [ContainerRecord, ResourceUsage | undefined] | undefined => {
    const record = findContainer(engine.db, id);
    const usage = record && containerUsage(engine, record);
    // As they are now, also where they are told with the next look.
    usage?.cpuDetails();
    return record && [record, usage];
  };
  const pause = (): Promise<unknown> => delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  let before: ResourceUsage | undefined;
  if (!query.flag('stream', true)) {
    // One answer tells two looks apart, so that clients can tell what is used now.
    if (!query.flag('one-shot')) {
      before = look()?.[1];
      if (before !== undefined) await pause();
    }
    const [record, usage] = look() ?? [namedContainer(exchange), undefined];
    sendJson(exchange, 200, statsDocument(record, usage, before));
    return;
  }
  const answer = sendStream(exchange, 'application/json');
  while (!signal.aborted) {
    const now = look();
    if (now === undefined) break;
    await answer.json(statsDocument(...now, before));
    before = now[1];
    await pause();
  }
  answer.end();
};

const NEVER = '0001-01-01T00:00:00Z';

/** docker's document; a container that is not running has its empty members. */
function statsDocument(
  { id, name }: ContainerRecord,
  usage: ResourceUsage | undefined,
  before: ResourceUsage | undefined,
): object {
  const limit = usage?.pidsLimit();
  return {
    name: `/${name}`,
    id,
    read: usage === undefined ? NEVER : new Date(usage.at).toISOString(),
    preread: before === undefined ? NEVER : new Date(before.at).toISOString(),
    num_procs: 0,
    pids_stats: usage === undefined ? {} : { current: usage.pids, ...(limit === undefined ? {} : { limit }) },
    blkio_stats: blkio(usage),
    storage_stats: {},
    cpu_stats: cpu(usage),
    precpu_stats: cpu(before),
    memory_stats:
      usage === undefined
        ? {}
        : { usage: usage.memoryWithCache, stats: usage.memoryDetails(), limit: usage.memoryLimit },
    ...(usage === undefined ? {} : { networks: networks(usage.networks) }),
  };
}

function cpu(usage: ResourceUsage | undefined): object {
  const details = usage?.cpuDetails();
  const throttling_data = {
    periods: details?.throttled.periods ?? 0,
    throttled_periods: details?.throttled.throttledPeriods ?? 0,
    throttled_time: details?.throttled.nanos ?? 0,
  };
  return {
    cpu_usage: {
      total_usage: usage?.cpuNanos ?? 0,
      usage_in_kernelmode: details?.kernelNanos ?? 0,
      usage_in_usermode: details?.userNanos ?? 0,
    },
    ...(usage === undefined ? {} : { system_cpu_usage: usage.systemNanos, online_cpus: usage.cpus }),
    throttling_data,
  };
}

function blkio(usage: ResourceUsage | undefined): object {
  const entry = (op: string, value: number): object => ({ major: 0, minor: 0, op, value });
  const empty = {
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
  const bytes =
    usage === undefined ? null : [entry('read', usage.readBytes), entry('write', usage.writtenBytes)];
  return { io_service_bytes_recursive: bytes, ...empty };
}

function networks(all: Readonly<Record<string, NetworkUsage>>): object {
  return Object.fromEntries(
    Object.entries(all).map(([name, each]) => [
      name,
      {
        rx_bytes: each.rxBytes,
        rx_packets: each.rxPackets,
        rx_errors: each.rxErrors,
        rx_dropped: each.rxDropped,
        tx_bytes: each.txBytes,
        tx_packets: each.txPackets,
        tx_errors: each.txErrors,
        tx_dropped: each.txDropped,
      },
    ]),
  );
}
