import { crashPoint } from '../base/crash-point.ts';
import { timestamp } from '../base/clock.ts';
import { changeImages, imageEvent } from '../image/change-images.ts';
import { addMadeImage, type MadeImage } from '../image/made-image.ts';
import { transaction } from '../state/db.ts';
import type { ImageRecord } from '../storage/store.ts';
import { addLabels } from './apply-config.ts';
import type { Build } from './build.ts';
import type { ResultOptions } from './build-options.ts';
import { cacheKey, findValue, keepValue } from './cache-rows.ts';
import { squashLayers } from './squash-layers.ts';
import { chainOf, EMPTY_CHAIN, type HistoryDocument, type StageState, wordsOf } from './stage-state.ts';

/**
 * Makes the image of a stage and gives it its names (normalised). The same outcome as before is the same image, with the dates of
 * the first time.
 */
export async function finishImage(
  build: Build,
  state: StageState,
  names: readonly string[],
): Promise<ImageRecord> {
  const { host, options } = build;
  const { result } = options;
  applyResult(build, state);
  await squash(build, state);
  build.progress({ kind: 'commit', name: names[0] });
  const history = result.omitHistory ? [] : state.history;
  const annotations = annotationsOf(build, state);
  const key = cacheKey(
    'image',
    chainOf(state.top),
    state.document,
    state.run,
    history.map(({ created, ...entry }) => entry),
    [result.format, result.timestamp ?? null, [...annotations].sort()],
  );
  const known = options.cache.enabled ? knownImage(build, key) : undefined;
  crashPoint('build-before-image');
  if (known !== undefined) return nameAgain(build, known, names);
  const created = result.timestamp === undefined ? timestamp() : dateOf(result.timestamp);
  if (result.createdAnnotation) annotations.set('org.opencontainers.image.created', created);
  const made: MadeImage = {
    document: {
      created,
      ...state.document,
      config: state.run,
      history: history.map((entry) => ({
        ...entry,
        created: entry.created !== undefined && result.timestamp === undefined ? entry.created : created,
      })),
    },
    topLayerId: state.top?.id,
    format: result.format,
    annotations: Object.fromEntries(annotations),
    names,
    action: 'build',
  };
  // Both or none: an image that the next build does not find again would lie about without a name.
  const image = transaction(host.db, () => {
    const added = addMadeImage(host, made);
    keepValue(host, key, { kind: 'image', value: added.id, description: names[0] ?? '' });
    return added;
  });
  crashPoint('build-after-image');
  return image;
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, 'Z');
}

function knownImage(build: Build, key: string): ImageRecord | undefined {
  const id = findValue(build.host, key);
  if (id === undefined) return undefined;
  build.usedKeys.push(key);
  return build.host.store.images.byId(id);
}

function nameAgain({ host }: Build, image: ImageRecord, names: readonly string[]): ImageRecord {
  const missing = names.filter((name) => !image.names.includes(name));
  if (missing.length === 0) return image;
  const { manifest, manifestType, rawConfig, topLayerId, manifestDigest } = image;
  return changeImages(
    host.db,
    () =>
      host.store.images.add({
        ...{ manifest, manifestType, rawConfig, topLayerId },
        names: missing,
        digests: missing.map((name) => [name.slice(0, name.lastIndexOf(':')), manifestDigest] as const),
      }),
    ({ id }) => missing.map((name) => imageEvent('tag', id, name)),
  );
}

/** What the options say about the image, whatever its instructions say. */
function applyResult(build: Build, state: StageState): void {
  const { result } = build.options;
  changeEnv(state, result);
  if (!result.inheritLabels) dropInheritedLabels(state);
  if (result.labels.size > 0) {
    addLabels(state, result.labels);
    const text = [...result.labels].map(
      ([name, value]) => `${JSON.stringify(name)}=${JSON.stringify(value)}`,
    );
    state.history.push({ created_by: `/bin/sh -c #(nop) LABEL ${text.join(' ')}`, empty_layer: true });
  }
  const labels = state.run['Labels'] as Record<string, string> | undefined;
  for (const name of result.unsetLabels) delete labels?.[name];
}

function changeEnv(state: StageState, result: ResultOptions): void {
  for (const [name, value] of result.env) {
    const own = value ?? process.env[name];
    if (own !== undefined) state.scope.setEnv(name, own);
  }
  for (const name of result.unsetEnv) state.scope.unsetEnv(name);
  const env = state.scope.env();
  if (env.length > 0 || wordsOf(state.run, 'Env').length > 0) state.run['Env'] = env;
}

function dropInheritedLabels(state: StageState): void {
  const inherited = state.baseImage?.image.config.config.labels ?? {};
  const labels = { ...(state.run['Labels'] as Record<string, string> | undefined) };
  for (const [name, value] of Object.entries(inherited)) if (labels[name] === value) delete labels[name];
  state.run['Labels'] = labels;
}

function annotationsOf({ options }: Build, state: StageState): Map<string, string> {
  const { annotations, inheritAnnotations, unsetAnnotations } = options.result;
  const inherited = inheritAnnotations ? baseAnnotations(state) : [];
  const all = new Map<string, string>([...inherited, ...annotations]);
  for (const name of unsetAnnotations) all.delete(name);
  return all;
}

function baseAnnotations(state: StageState): [string, string][] {
  if (state.baseImage === undefined) return [];
  const manifest = JSON.parse(state.baseImage.image.manifest) as { annotations?: Record<string, string> };
  return Object.entries(manifest.annotations ?? {}).filter(([name]) => !DATED.has(name));
}

/** Of the base alone. */
const DATED = new Set(['org.opencontainers.image.created']);

/** One layer instead of several; the history keeps its entries, of which the last one has the layer. */
async function squash(build: Build, state: StageState): Promise<void> {
  const { squash: wanted, layers } = build.options.result;
  if (wanted === 'none' && layers) return;
  const base = wanted === 'all' ? undefined : state.baseTop;
  const from = wanted === 'all' ? 0 : (state.baseImage?.image.config.history.length ?? 0);
  if (chainOf(state.top) === (base === undefined ? EMPTY_CHAIN : base.chainId)) return;
  const filled = state.history.slice(from).filter((entry) => entry.empty_layer !== true).length;
  if (filled === 1) return;
  const key = cacheKey('squash', base?.chainId ?? EMPTY_CHAIN, chainOf(state.top));
  state.top = await squashLayers(build, { base, top: state.top, key });
  const last = state.history.findLastIndex((entry) => entry.empty_layer !== true);
  state.history = state.history.map(
    (entry, index): HistoryDocument =>
      index < from || index === last ? entry : { ...entry, empty_layer: true },
  );
}
