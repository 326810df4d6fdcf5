import { shortId } from '../../../base/ids.ts';
import type { ContainerStats } from '../../../engine/container-stats.ts';
import { memoryInBinary, networkSum, percentText, statsTexts } from '../../../engine/stats-text.ts';
import { humanSize } from '../../output/human-size.ts';
import { type GoObject, goMap, goStruct, withEmbedded } from '../../output/template/go-value.ts';

export const PODMAN_COLUMNS =
  '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}';
export const DOCKER_COLUMNS =
  '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}';

export const PODMAN_HEADINGS = {
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemUsageBytes: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET IO',
  BlockIO: 'BLOCK IO',
  PIDS: 'PIDS',
  PIDs: 'PIDS',
  Up: 'CPU TIME',
  UpTime: 'CPU TIME',
  AVGCPU: 'AVG CPU %',
  Container: 'CONTAINER',
  ContainerID: 'CONTAINER ID',
} as const;

export interface StatsStyle {
  noTrunc: boolean;
  asTable: boolean;
}

export const DOCKER_HEADINGS = {
  ...PODMAN_HEADINGS,
  ID: 'CONTAINER ID',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
} as const;

const ALIASES = { PIDs: 'PIDS' };

export function podmanStatsRow(stats: ContainerStats, { noTrunc }: StatsStyle): GoObject {
  const { record, usage } = stats;
  const { AvgCPU: average, ...figures } = statsTexts(stats);
  const cpuTime = durationText(usage?.cpuNanos ?? 0);
  const texts = {
    ID: noTrunc ? record.id : shortId(record.id),
    Name: record.name,
    ...figures,
    AVGCPU: average,
    Up: cpuTime,
    UpTime: cpuTime,
  };
  const numbers = {
    ContainerID: record.id,
    Container: record.name,
    CPU: stats.cpuPercent,
    AvgCPU: stats.averageCpuPercent,
    CPUNano: usage?.cpuNanos ?? 0,
    SystemNano: (usage?.at ?? 0) * 1e6,
    MemLimit: usage?.memoryLimit ?? 0,
    BlockInput: usage?.readBytes ?? 0,
    BlockOutput: usage?.writtenBytes ?? 0,
    Duration: usage?.cpuNanos ?? 0,
    // Only cgroup v1 counts them apart.
    PerCPU: [],
  };
  const fields = {
    ...texts,
    ...numbers,
    // Only templates ask for these.
    get MemUsageBytes() {
      return memoryInBinary(usage);
    },
    get CPUSystemNano() {
      return usage?.cpuDetails().kernelNanos ?? 0;
    },
    get NetInput() {
      return networkSum(usage).received;
    },
    get NetOutput() {
      return networkSum(usage).sent;
    },
    get Network() {
      return goMap(usage?.networks ?? {});
    },
  };
  const options = {
    aliases: ALIASES,
    get json() {
      return {
        id: texts.ID,
        name: texts.Name,
        cpu_time: texts.Up,
        cpu_percent: texts.CPUPerc,
        avg_cpu: texts.AVGCPU,
        mem_usage: texts.MemUsage,
        mem_percent: texts.MemPerc,
        net_io: texts.NetIO,
        block_io: texts.BlockIO,
        pids: texts.PIDS,
      };
    },
  };
  const row = goStruct('containers.containerStats', fields, options);
  return withEmbedded(row, 'ContainerStats');
}

/** docker's words: what is not running has dashes in a table. */
export function dockerStatsRow(stats: ContainerStats, { noTrunc, asTable }: StatsStyle): GoObject {
  const { record, usage } = stats;
  const network = networkSum(usage);
  const none = asTable && usage === undefined;
  const dash = (text: string): string => (none ? '--' : text);
  const json = {
    BlockIO: dash(`${humanSize(usage?.readBytes ?? 0, 3)} / ${humanSize(usage?.writtenBytes ?? 0, 3)}`),
    CPUPerc: dash(percentText(stats.cpuPercent)),
    Container: record.name,
    ID: noTrunc ? record.id : shortId(record.id),
    MemPerc: dash(percentText(stats.memoryPercent)),
    MemUsage: none ? '-- / --' : memoryInBinary(usage),
    Name: record.name,
    NetIO: dash(`${humanSize(network.received, 3)} / ${humanSize(network.sent, 3)}`),
    PIDs: dash(String(usage?.pids ?? 0)),
  };
  return goStruct('formatter.statsContext', { ...json }, { json, aliases: { PIDS: 'PIDs' } });
}

/** As Go prints a time.Duration: `1.5s`, `2m3s`, `12.3ms`. */
function durationText(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 1e6) return `${trimmed(nanos / 1e3)}µs`;
  if (nanos < 1e9) return `${trimmed(nanos / 1e6)}ms`;
  const seconds = nanos / 1e9;
  const minutes = Math.floor(seconds / 60);
  const rest = `${trimmed(seconds - minutes * 60)}s`;
  if (minutes === 0) return rest;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(6)));
}
