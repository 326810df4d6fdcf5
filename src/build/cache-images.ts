import { messageOf, NotFoundError, TspodError } from '../base/errors.ts';
import type { ImageRecord, LayerRecord } from '../storage/store.ts';
import type { Build } from './build.ts';
import type { CachedStep } from './cache-rows.ts';
import { type HistoryDocument, chainOf, type StageState } from './stage-state.ts';

/** An image that was named as a cache has been built by the same steps so far, on the same files: its next layer is the outcome. */
export async function findTold(
  build: Build,
  state: StageState,
  createdBy: string,
): Promise<CachedStep | undefined> {
  for (const image of await sourcesOf(build, state.platform)) {
    const found = stepIn(build, image, { state, createdBy });
    if (found !== undefined) return found;
  }
  return undefined;
}

function stepIn(
  build: Build,
  image: ImageRecord,
  { state, createdBy }: { state: StageState; createdBy: string },
): CachedStep | undefined {
  const { history } = JSON.parse(image.rawConfig) as { history?: HistoryDocument[] };
  const at = state.history.length;
  const entry = history?.[at];
  if (history === undefined || entry === undefined || entry.created_by !== createdBy) return undefined;
  const layers = layersOf(build, image);
  // Squashed, or without a history of its own: entries and layers do not belong together.
  if (filled(history).length !== layers.length) return undefined;
  const isSame = state.history.every(({ created_by }, index) => created_by === history[index]?.created_by);
  const before = filled(history.slice(0, at)).length;
  if (!isSame || chainOf(layers[before - 1]) !== chainOf(state.top)) return undefined;
  return {
    layer: entry.empty_layer === true ? undefined : layers[before],
    createdAt: entry.created ?? image.createdAt,
  };
}

function filled(history: readonly HistoryDocument[]): HistoryDocument[] {
  return history.filter(({ empty_layer }) => empty_layer !== true);
}

/** From the base up. */
function layersOf({ host }: Build, { topLayerId }: ImageRecord): LayerRecord[] {
  return topLayerId === undefined ? [] : host.store.layers.chain(topLayerId).reverse();
}

const sources = new WeakMap<Build, Map<string, Promise<ImageRecord[]>>>();

/** They are looked for once in a build. */
function sourcesOf(build: Build, platform: string): Promise<ImageRecord[]> {
  const known = sources.get(build) ?? new Map<string, Promise<ImageRecord[]>>();
  sources.set(build, known);
  const found = known.get(platform) ?? findSources(build, platform);
  known.set(platform, found);
  return found;
}

async function findSources({ host, options, progress, signal }: Build, platform: string) {
  const { images, pullImages } = options.cache;
  const found: ImageRecord[] = [];
  for (const name of images) {
    try {
      const { image } = await host.obtainImage(name, {
        policy: pullImages ? 'missing' : 'never',
        ...{ platform, signal },
        progress: (event) => progress({ kind: 'pull', event }),
      });
      found.push(image);
    } catch (error) {
      if (signal.aborted || !(error instanceof TspodError)) throw error;
      if (!pullImages && error instanceof NotFoundError) continue;
      progress({
        kind: 'warning',
        warning: { message: `cannot use --cache-from ${name}: ${messageOf(error)}` },
      });
    }
  }
  return found;
}
