import { mountsSize, pruneBuildCache, pruneBuildContainers } from './build-cache.ts';
import { layersSize } from './disk-usage.ts';
import type { Engine } from './engine.ts';
import { checkPruneFilters, pruneContainers } from './prune-containers.ts';
import { checkImageFilters, pruneImages } from './prune-images.ts';
import { pruneNetworks } from './networks.ts';
import { prunePods } from './prune-pods.ts';
import { pruneVolumes, unusedVolumes } from './volumes.ts';

export interface PruneSystemOptions {
  /** Every image that no container was made from, not just those without a name. */
  all: boolean;
  volumes: 'none' | 'anonymous' | 'all';
  /** label, label! and until, for all kinds. */
  filters: readonly string[];
}

export interface PruneSystemReport {
  pods: string[];
  containers: string[];
  networks: string[];
  volumes: string[];
  untagged: string[];
  images: string[];
  failures: unknown[];
  /** Bytes. */
  reclaimed: number;
}

/** Pods and containers go first: what only they used is unused then. No filter fits a pod. */
export async function pruneSystem(engine: Engine, options: PruneSystemOptions): Promise<PruneSystemReport> {
  const { all, filters } = options;
  const before = layersSize(engine);
  const mounts = mountsSize(engine);
  const pods = filters.length === 0 ? await prunePods(engine) : { removed: [], failures: [] };
  const containers = await pruneContainers(engine, { filters, measure: true });
  const networks = await pruneNetworks(engine, filters);
  const names =
    options.volumes === 'none'
      ? []
      : unusedVolumes(engine, { filters, anonymousOnly: options.volumes === 'anonymous' });
  const volumes = await pruneVolumes(engine, names);
  const images = await pruneImages(engine, { all, filters });
  if (all && filters.length === 0) await pruneBuildCache(engine, { all });
  // Layers that had been left over went with the containers: the sum of the reports would miss them.
  const layers = Math.max(0, before - layersSize(engine) + mounts - mountsSize(engine));
  return {
    pods: pods.removed,
    containers: containers.removed,
    networks: networks.removed,
    volumes: volumes.removed,
    untagged: images.untagged,
    images: images.removed,
    failures: [pods, containers, networks, volumes, images].flatMap(({ failures }) => failures),
    reclaimed: (containers.reclaimed ?? 0) + volumes.reclaimed + layers,
  };
}

/** What builds that were killed have left, and layers that nothing refers to; returns the bytes freed. */
export async function pruneExternal(engine: Engine): Promise<number> {
  const before = layersSize(engine);
  await pruneBuildContainers(engine);
  return Math.max(0, before - layersSize(engine));
}

/** Throws for filters that are not understood, so that nobody is asked about them. */
export async function checkSystemFilters(engine: Engine, filters: readonly string[]): Promise<void> {
  checkPruneFilters(filters);
  await checkImageFilters(engine, filters);
}
