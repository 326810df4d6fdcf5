import { UsageError } from '../base/errors.ts';
import { type ContainerRecord, listContainers } from '../libpod/container.ts';
import { removeLeftovers } from '../libpod/leftovers.ts';
import { removeContainer } from '../libpod/remove.ts';
import { settleQuietly } from '../libpod/settle.ts';
import { storeLayout } from '../storage/layout.ts';
import { removePartialBlobs } from '../storage/partial-blobs.ts';
import { containerPredicate } from './container-filters.ts';
import type { Engine } from './engine.ts';

export interface PruneReport {
  removed: string[];
  failures: unknown[];
  /** Bytes of their writable layers; undefined unless asked for. */
  reclaimed: number | undefined;
}

const KEYS = new Set(['label', 'label!', 'until']);

/**
 * Removes every container that does not run, neither is paused nor about to start, and meets all filters; and what killed commands
 * left behind.
 */
export async function pruneContainers(
  engine: Engine,
  options: { filters: readonly string[]; measure: boolean },
): Promise<PruneReport> {
  checkPruneFilters(options.filters);
  const matches = await containerPredicate(engine, options.filters);
  const report: PruneReport = { removed: [], failures: [], reclaimed: options.measure ? 0 : undefined };
  for (const stored of listContainers(engine.db)) {
    const record = await settleQuietly(engine, stored);
    if (record === undefined || !isIdle(record) || !matches(record)) continue;
    const size = options.measure ? await engine.store.rootfs.usage(record.id) : 0;
    try {
      await removeContainer(engine, record.id);
    } catch (error) {
      report.failures.push(error);
      continue;
    }
    report.removed.push(record.id);
    if (report.reclaimed !== undefined) report.reclaimed += size;
  }
  await removeLeftovers(engine);
  removePartialBlobs(storeLayout(engine.paths.graphRoot).tmp);
  await engine.store.layers.removeUnused();
  return report;
}

export function checkPruneFilters(filters: readonly string[]): void {
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0)
      throw new UsageError(`filter input must be in the form of filter=value: ${filter} is invalid`);
    const key = filter.slice(0, equals);
    if (!KEYS.has(key))
      throw new UsageError(`${key} is an invalid filter: prune takes label, label! and until`);
  }
}

function isIdle(record: ContainerRecord): boolean {
  // A pod goes as a whole.
  return record.podId === undefined && (record.state === 'created' || record.state === 'exited');
}
