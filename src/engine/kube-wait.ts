import { getContainer } from '../libpod/container.ts';
import { getPod } from '../libpod/pod.ts';
import type { Engine } from './engine.ts';
import { waitForCondition } from './wait-for-condition.ts';

const INTERVAL_MS = 250;

/** Until nothing of these pods goes on, or the signal comes: the infra container of a played pod ends after all others. */
export async function endOfPods(engine: Engine, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (const id of ids) {
    const infraId = getPod(engine.db, id)?.infraId;
    const infra = infraId === undefined ? undefined : getContainer(engine.db, infraId);
    if (infra === undefined || signal.aborted) continue;
    await waitForCondition(engine, infra, { conditions: ['exited'], interval: INTERVAL_MS, signal });
  }
}
