import type { OciResources } from './runtime-spec.ts';

/** cgroup v2 counts swap by itself, OCI together with memory. Bytes; -1: without limit. */
export function swapAlone(memory: OciResources['memory']): number | undefined {
  if (memory?.swap === undefined || memory.limit === undefined) return undefined;
  return memory.swap < 0 ? -1 : Math.max(0, memory.swap - memory.limit);
}

/** CPU shares of cgroup v1 (2 to 262144) on the scale of v2 (1 to 10000), as the runtimes do it. */
export function cpuWeight(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}

/** Weight of block I/O of cgroup v1 (10 to 1000) on the scale of v2 (1 to 10000). */
export function ioWeight(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990);
}
