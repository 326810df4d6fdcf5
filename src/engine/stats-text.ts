import { humanBinarySize, humanSize } from '../base/human-size.ts';
import type { ContainerStats, ResourceUsage } from './container-stats.ts';

/** Figures of a container in podman's words. */
export interface StatsTexts {
  CPUPerc: string;
  AvgCPU: string;
  MemUsage: string;
  MemPerc: string;
  NetIO: string;
  BlockIO: string;
  PIDS: string;
}

export function statsTexts(stats: ContainerStats): StatsTexts {
  const { usage } = stats;
  const network = networkSum(usage);
  const pair = (left: number, right: number): string => `${humanSize(left)} / ${humanSize(right)}`;
  return {
    CPUPerc: percentText(stats.cpuPercent),
    AvgCPU: percentText(stats.averageCpuPercent),
    MemUsage: pair(usage?.memory ?? 0, usage?.memoryLimit ?? 0),
    MemPerc: percentText(stats.memoryPercent),
    NetIO: pair(network.received, network.sent),
    BlockIO: pair(usage?.readBytes ?? 0, usage?.writtenBytes ?? 0),
    PIDS: String(usage?.pids ?? 0),
  };
}

/** In powers of 1024: only templates ask for it. */
export function memoryInBinary(usage: ResourceUsage | undefined): string {
  return `${humanBinarySize(usage?.memory ?? 0)} / ${humanBinarySize(usage?.memoryLimit ?? 0)}`;
}

export function networkSum(usage: ResourceUsage | undefined): { received: number; sent: number } {
  const sum = { received: 0, sent: 0 };
  for (const { rxBytes, txBytes } of Object.values(usage?.networks ?? {})) {
    sum.received += rxBytes;
    sum.sent += txBytes;
  }
  return sum;
}

export function percentText(value: number): string {
  return `${value.toFixed(2)}%`;
}
