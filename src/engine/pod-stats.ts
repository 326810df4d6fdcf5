import { shortId } from '../base/ids.ts';
import { containerUsage, type ResourceUsage, statsFrom } from './container-stats.ts';
import type { Engine } from './engine.ts';
import { lookAtPod } from './list-pods.ts';
import { getLatestPod, getPodByName, type PodRecord, settledPods } from './pods.ts';
import { memoryInBinary, statsTexts } from './stats-text.ts';

export interface PodStatsWish {
  names: readonly string[];
  /** Also of pods that do not run; without it and without names those that do. */
  all: boolean;
  latest: boolean;
}

/** What one container of a pod uses, in podman's words. */
export interface PodStatsRow {
  CPU: string;
  MemUsage: string;
  MemUsageBytes: string;
  Mem: string;
  NetIO: string;
  BlockIO: string;
  PIDS: string;
  Pod: string;
  CID: string;
  Name: string;
}

/** Measures again whenever it is called; percentages of processors count from the call before. NotFoundError for a name that is none. */
export function podStats(engine: Engine, wish: PodStatsWish): () => Promise<PodStatsRow[]> {
  let before = new Map<string, ResourceUsage>();
  return async () => {
    const now = new Map<string, ResourceUsage>();
    const rows: PodStatsRow[] = [];
    for (const pod of await choose(engine, wish)) {
      const { status, containers } = await lookAtPod(engine, pod);
      if (!wish.latest && !wish.all && wish.names.length === 0 && status !== 'Running') continue;
      for (const record of containers) {
        const usage = containerUsage(engine, record);
        if (usage === undefined) continue;
        now.set(record.id, usage);
        const texts = statsTexts(statsFrom(record, usage, before.get(record.id)));
        rows.push({
          CPU: texts.CPUPerc,
          MemUsage: texts.MemUsage,
          MemUsageBytes: memoryInBinary(usage),
          Mem: texts.MemPerc,
          NetIO: texts.NetIO,
          BlockIO: texts.BlockIO,
          PIDS: texts.PIDS,
          Pod: shortId(pod.id),
          CID: shortId(record.id),
          Name: record.name,
        });
      }
    }
    before = now;
    return rows;
  };
}

async function choose(engine: Engine, { names, latest }: PodStatsWish): Promise<PodRecord[]> {
  if (latest) return [await getLatestPod(engine)];
  if (names.length > 0) return await Promise.all(names.map((name) => getPodByName(engine, name)));
  return await settledPods(engine);
}
