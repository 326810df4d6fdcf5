import { setTimeout as delay } from 'node:timers/promises';
import {
  type ContainerStats,
  containerUsage,
  type ResourceUsage,
  statsFrom,
} from '../../engine/container-stats.ts';
import {
  type ContainerRecord,
  findContainer,
  listContainers,
  lookupContainer,
} from '../../engine/containers.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson, sendStream } from '../respond.ts';

const SECOND_MS = 1000;
const DEFAULT_INTERVAL_S = 5;

/** Of several containers, or of all that run, in one document each time. */
export const stats: Handler = async (exchange) => {
  const { query, signal } = exchange;
  const choose = chooser(exchange);
  let before = new Map<string, ResourceUsage>();
  const look = (): object => {
    const found = choose().map((record) =>
      statsFrom(record, containerUsage(exchange.engine, record), before.get(record.id)),
    );
    before = new Map(found.flatMap(({ record, usage }) => (usage ? [[record.id, usage]] : [])));
    return { Error: null, Stats: found.map(shapeOf) };
  };
  if (!query.flag('stream', true)) {
    sendJson(exchange, 200, look());
    return;
  }
  const seconds = query.integer('interval') ?? DEFAULT_INTERVAL_S;
  const answer = sendStream(exchange, 'application/json');
  while (!signal.aborted) {
    await answer.json(look());
    await delay(Math.max(1, seconds) * SECOND_MS, undefined, { signal }).catch(() => undefined);
  }
  answer.end();
};

/** Names that are not there are told at once; later on containers come and go. */
function chooser({ engine, query, params }: Exchange): () => ContainerRecord[] {
  const one = params['id'];
  const names = one === undefined ? query.list('containers') : [one];
  if (names.length > 0) {
    const ids = names.map((name) => lookupContainer(engine.db, name).id);
    return () => ids.flatMap((id) => findContainer(engine.db, id) ?? []);
  }
  if (query.flag('all')) return () => listContainers(engine.db);
  return () => listContainers(engine.db).filter((record) => containerUsage(engine, record) !== undefined);
}

function shapeOf({ record, usage, cpuPercent, averageCpuPercent, memoryPercent }: ContainerStats): object {
  const networks = Object.values(usage?.networks ?? {});
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    AvgCPU: averageCpuPercent,
    ContainerID: record.id,
    Name: record.name,
    PerCPU: null,
    CPU: cpuPercent,
    CPUNano: usage?.cpuNanos ?? 0,
    CPUSystemNano: usage?.cpuDetails().kernelNanos ?? 0,
    SystemNano: (usage?.at ?? 0) * 1e6,
    MemUsage: usage?.memory ?? 0,
    MemLimit: usage?.memoryLimit ?? 0,
    MemPerc: memoryPercent,
    NetInput: sum(networks.map(({ rxBytes }) => rxBytes)),
    NetOutput: sum(networks.map(({ txBytes }) => txBytes)),
    BlockInput: usage?.readBytes ?? 0,
    BlockOutput: usage?.writtenBytes ?? 0,
    PIDs: usage?.pids ?? 0,
    UpTime: usage?.cpuNanos ?? 0,
    Duration: usage?.cpuNanos ?? 0,
  };
}
