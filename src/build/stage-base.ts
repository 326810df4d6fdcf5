import type { ResolvedImage } from '../image/resolve.ts';
import { NotFoundError, StorageError } from '../base/errors.ts';
import { hostPlatform } from '../image/manifest.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { Build } from './build.ts';
import type { PlannedStage } from './plan.ts';
import { openStageScope } from './stage-scope.ts';
import { type HistoryDocument, type StageState, wordsOf } from './stage-state.ts';

/** What a stage begins with. */
export async function beginStage(build: Build, stage: PlannedStage): Promise<StageState> {
  const { base, platform } = stage;
  if (base.kind === 'stage') return continueStage(build, await build.stage(base.index), platform);
  if (base.kind === 'scratch') return emptyStage(build, platform);
  if (base.kind === 'context')
    throw new NotFoundError('image', base.name, {
      message: `FROM ${base.name}: a directory cannot be what a stage begins with`,
    });
  const found = await obtainBase(build, base.name, platform);
  return stageOnImage(build, found, platform);
}

const obtained = new WeakMap<Build, Map<string, Promise<ResolvedImage>>>();

/** Each image is asked for once in a build. */
export function obtainBase(build: Build, name: string, platform: string): Promise<ResolvedImage> {
  const known = obtained.get(build) ?? new Map<string, Promise<ResolvedImage>>();
  obtained.set(build, known);
  const key = `${platform} ${name}`;
  const found =
    known.get(key) ??
    build.host.obtainImage(name, {
      policy: build.options.pull,
      platform,
      signal: build.signal,
      progress: (event) => build.progress({ kind: 'pull', event }),
    });
  known.set(key, found);
  return found;
}

function stageOnImage(build: Build, found: ResolvedImage, platform: string): StageState {
  const { image } = found;
  const json = JSON.parse(image.rawConfig) as Record<string, unknown>;
  const { config, history, rootfs, created, container, container_config, id, parent, ...document } = json;
  void [rootfs, created, container, container_config, id, parent];
  const run = { ...(config as Record<string, unknown> | null | undefined) };
  const top = layerOf(build, image.topLayerId);
  return {
    document,
    run,
    history: Array.isArray(history) ? (history as HistoryDocument[]) : [],
    top,
    baseTop: top,
    baseImage: found,
    scope: openStageScope(build.plan.globals, wordsOf(run, 'Env')),
    platform,
    hasOwnCommand: false,
  };
}

function layerOf(build: Build, id: string | undefined): LayerRecord | undefined {
  if (id === undefined) return undefined;
  const layer = build.host.store.layers.get(id);
  if (layer !== undefined) return layer;
  throw new StorageError(`layer ${id} is missing from the store`, {
    hint: 'run `tspod system check --repair`, then pull the image again',
  });
}

/** Without an image nobody else says where programs are. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function emptyStage(build: Build, platform: string): StageState {
  const [os = 'linux', architecture = hostPlatform().architecture, variant] = platform.split('/');
  return {
    document: { architecture, ...(variant === undefined ? {} : { variant }), os },
    run: { Env: [DEFAULT_PATH] },
    history: [],
    top: undefined,
    baseTop: undefined,
    baseImage: undefined,
    scope: openStageScope(build.plan.globals, [DEFAULT_PATH]),
    platform,
    hasOwnCommand: false,
  };
}

/** ARG ends with its stage, everything else goes on. */
function continueStage(build: Build, before: StageState, platform: string): StageState {
  return {
    ...before,
    document: { ...before.document },
    run: { ...before.run },
    history: [...before.history],
    scope: openStageScope(build.plan.globals, wordsOf(before.run, 'Env')),
    platform,
    hasOwnCommand: false,
  };
}
