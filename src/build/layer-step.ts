import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { LockTimeoutError } from '../base/errors.ts';
import { acquireLock, type KernelLock } from '../native/kernel-lock.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { Build } from './build.ts';
import type { PlannedStage } from './plan.ts';
import { type CachedStep, findStep, keepStep } from './cache-rows.ts';

/** An instruction that may change files. */
export interface LayerStep {
  /** Of everything that the outcome depends on; undefined: it is never taken from the cache. */
  key: string;
  description: string;
  /** The history's line, with the lines before it, tells all that the outcome depends on: an image that has them has the outcome. */
  isTold: boolean;
  /** Does it on top of the stage's files; undefined: nothing has changed. */
  perform(): Promise<LayerRecord | undefined>;
}

export interface StepOutcome extends CachedStep {
  cached: boolean;
}

export interface StepSources {
  mayUseCache: boolean;
  /** Asks caches of others, when ours has nothing. */
  elsewhere?: () => Promise<CachedStep | undefined>;
}

export function mayUseCache({ options }: Build, { name, index }: PlannedStage): boolean {
  const { cache, result } = options;
  return cache.enabled && result.layers && !cache.exceptStages.includes(name ?? String(index));
}

/** Takes the outcome from the cache, or makes it. Two that are at the same step at once do its work once. */
export async function runLayerStep(
  build: Build,
  step: LayerStep,
  { mayUseCache, elsewhere }: StepSources,
): Promise<StepOutcome> {
  const { host, options } = build;
  const find = (): CachedStep | undefined =>
    mayUseCache ? findStep(host, step.key, options.cache.maxAge) : undefined;
  const known = find();
  if (known !== undefined) return use(build, step, known);
  if (!options.result.layers) {
    build.hasLooseLayers = true;
    return { layer: await step.perform(), createdAt: new Date().toISOString(), cached: false };
  }
  const lock = await lockStep(build, step.key);
  try {
    // Somebody may have finished it while we waited.
    const other = find();
    if (other !== undefined) return use(build, step, other);
    const found = mayUseCache ? await elsewhere?.() : undefined;
    if (found !== undefined) {
      const { layer, createdAt } = found;
      keepStep(host, step.key, { layerId: layer?.id, description: step.description, createdAt });
      return use(build, step, found);
    }
    const layer = await step.perform();
    crashPoint('build-before-keep');
    if (!mayUseCache) build.hasLooseLayers = true;
    const kept = keepStep(host, step.key, { layerId: layer?.id, description: step.description });
    return { ...kept, layer, cached: false };
  } finally {
    // While it is held, so that nobody takes a file that is about to go.
    rmSync(lock.path, { force: true });
    lock.release();
  }
}

function use(build: Build, step: LayerStep, found: CachedStep): StepOutcome {
  build.usedKeys.push(step.key);
  return { ...found, cached: true };
}

async function lockStep({ host, signal }: Build, key: string): Promise<KernelLock> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await acquireLock(join(host.paths.locks, `build-${key.slice(0, 32)}`), {
        mode: 'exclusive',
        timeoutMs: PATIENCE_MS,
        what: 'a step of another build',
      });
    } catch (error) {
      // It may take hours: only its process's end or ours ends the wait.
      if (!(error instanceof LockTimeoutError)) throw error;
    }
  }
}

const PATIENCE_MS = 1000;
