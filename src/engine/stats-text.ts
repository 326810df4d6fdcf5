import { humanBinarySize, humanSize } from '../base/human-size.ts';
import type { ContainerStats, ResourceUsage } from './container-stats.ts';

/** Figures of a container in podman's words. */
export interface StatsTexts {
  CPUPerc: string;
  AvgCPU: string;
  MemUsage: string;
  MemUsageBytes: string;
  MemPerc: string;
  NetIO: string;
  BlockIO: string;
  PIDS: string;
}

export function statsTexts(stats: ContainerStats): StatsTexts {
  const { usage } = stats;
  const network = networkSum(usage);
  const pair = (left: number, right: number, size = humanSize): string => `${size(left)} / ${size(right)}`;
  return {
    CPUPerc: percentText(stats.cpuPercent),
    AvgCPU: percentText(stats.averageCpuPercent),
    MemUsage: pair(usage?.memory ?? 0, usage?.memoryLimit ?? 0),
    MemUsageBytes: pair(usage?.memory ?? 0, usage?.memoryLimit ?? 0, humanBinarySize),
    MemPerc: percentText(stats.memoryPercent),
    NetIO: pair(network.received, network.sent),
    BlockIO: pair(usage?.readBytes ?? 0, usage?.writtenBytes ?? 0),
    PIDS: String(usage?.pids ?? 0),
  };
}

export function networkSum(usage: ResourceUsage | undefined): { received: number; sent: number } {
  const all = Object.values(usage?.networks ?? {});
  return {
    received: all.reduce((total, { rxBytes }) => total + rxBytes, 0),
    sent: all.reduce((total, { txBytes }) => total + txBytes, 0),
  };
}

export function percentText(value: number): string {
  return `${value.toFixed(2)}%`;
}
