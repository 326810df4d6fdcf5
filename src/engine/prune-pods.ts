import { removePod } from '../libpod/pod-remove.ts';
import type { Engine } from './engine.ts';
import { listPods } from './list-pods.ts';

export interface PrunePodsReport {
  removed: string[];
  failures: unknown[];
}

/** Removes every pod that was started once and of which nothing runs any more. */
export async function prunePods(engine: Engine): Promise<PrunePodsReport> {
  const report: PrunePodsReport = { removed: [], failures: [] };
  for (const { pod, status } of await listPods(engine, { filters: [] })) {
    if (status !== 'Exited' && status !== 'Stopped') continue;
    try {
      await removePod(engine, pod.id);
      report.removed.push(pod.id);
    } catch (error) {
      report.failures.push(error);
    }
  }
  return report;
}
