import { messageOf, TspodError } from '../base/errors.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { Build } from './build.ts';
import type { CachedStep } from './cache-rows.ts';
import { findTold } from './cache-images.ts';
import type { LayerStep, StepOutcome } from './layer-step.ts';
import { chainOf, type StageState } from './stage-state.ts';

/** Says in a step's image that the step has changed no file. */
const UNCHANGED = 'io.tspod.build.unchanged';

/** What others have built: in repositories a small image for each step, or in images that were named as sources. */
export async function findShared(
  build: Build,
  state: StageState,
  { step, createdBy }: { step: LayerStep; createdBy: string },
): Promise<CachedStep | undefined> {
  const { cache } = build.options;
  for (const repository of cache.from) {
    const found = await fetchStep(build, state, `${repository}:${step.key}`);
    if (found !== undefined) return found;
  }
  if (cache.images.length === 0 || !step.isTold) return undefined;
  return await findTold(build, state, createdBy);
}

async function fetchStep(build: Build, state: StageState, name: string): Promise<CachedStep | undefined> {
  const { host, signal } = build;
  const wish = { policy: 'always' as const, platform: state.platform, signal, progress: () => undefined };
  try {
    return await host.borrowImage(name, wish, ({ topLayerId, config }) => {
      const createdAt = config.created ?? new Date().toISOString();
      const top = topLayerId === undefined ? [] : host.store.layers.chain(topLayerId);
      const isUnchanged = config.config.labels?.[UNCHANGED] === 'true';
      const below = isUnchanged ? top[0] : top[1];
      // The key says so; who else can write there is not known here.
      if (chainOf(below) !== chainOf(state.top)) return undefined;
      return { layer: isUnchanged ? undefined : top[0], createdAt };
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof TspodError)) throw error;
    warnOnce(build, `cannot use --cache-from ${repositoryOf(name)}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Puts the step's layers into the repositories of `--cache-to`. */
export async function shareStep(
  build: Build,
  state: StageState,
  { step, outcome }: { step: LayerStep; outcome: StepOutcome },
): Promise<void> {
  const { cache, result } = build.options;
  if (cache.to.length === 0 || !result.layers) return;
  const { layer, createdAt } = outcome;
  const top: LayerRecord | undefined = layer ?? state.top;
  const { architecture, os, variant } = state.document;
  const image = {
    document: {
      created: createdAt,
      ...{ architecture, os },
      ...(variant === undefined ? {} : { variant }),
      config: layer === undefined ? { Labels: { [UNCHANGED]: 'true' } } : {},
    },
    topLayerId: top?.id,
    format: 'oci' as const,
    names: [],
    action: 'build' as const,
  };
  for (const repository of cache.to)
    await build.host.pushMade(image, `${repository}:${step.key}`, build.signal);
}

const warned = new WeakMap<Build, Set<string>>();

/** A cache that is out of reach is so for every step. */
export function warnOnce(build: Build, message: string): void {
  const known = warned.get(build) ?? new Set<string>();
  warned.set(build, known);
  if (known.has(message)) return;
  known.add(message);
  build.progress({ kind: 'warning', warning: { message } });
}

function repositoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf(':'));
}
