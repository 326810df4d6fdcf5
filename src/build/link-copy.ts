import type { LayerRecord } from '../storage/store.ts';
import type { Build, StepPlace } from './build.ts';
import { cacheKey } from './cache-rows.ts';
import { mayUseCache, runLayerStep } from './layer-step.ts';

export interface LinkedCopy {
  /** Of everything but what lies below. */
  parts: readonly unknown[];
  description: string;
  /** Copies into nothing. */
  perform(): Promise<LayerRecord>;
}

/**
 * `--link`: the layer holds the copied files and their directories alone, so it is the same whatever it is put upon: it is made once, and
 * links of the stage's files are not followed.
 */
export async function copyLinked(
  build: Build,
  { stage, state }: StepPlace,
  copy: LinkedCopy,
): Promise<LayerRecord | undefined> {
  const { layers } = build.host.store;
  const { description, perform } = copy;
  const step = { key: cacheKey('link', copy.parts), description, isTold: false, perform };
  const { layer } = await runLayerStep(build, step, { mayUseCache: mayUseCache(build, stage) });
  if (layer === undefined || state.top === undefined) return layer;
  const { diffId, mediaType } = layer;
  return await layers.apply({
    parent: state.top,
    ...{ diffId, mediaType },
    source: layers.export(layer.id),
    compression: 'none',
    signal: build.signal,
  });
}
