import { parseDuration } from '../base/durations.ts';
import { UnsupportedError } from '../base/errors.ts';
import type { BuildHost, ImageWish } from '../build/build-host.ts';
import type { BuildOptions } from '../build/build-options.ts';
import type { BuildProgress, BuildReport } from '../build/build-progress.ts';
import { executeBuild } from '../build/execute-build.ts';
import { finishImage } from '../build/finish-image.ts';
import { IGNORES_NOTHING } from '../build/ignore-file.ts';
import { type PreparedBuild, prepareBuild } from '../build/prepare-build.ts';
import { writeOutputs } from '../build/write-outputs.ts';
import { storeLayout } from '../storage/layout.ts';
import { networkName } from './create-container.ts';
import type { Engine } from './engine.ts';
import { localName, parseReference, pullImage, tlsVerifyFor } from './images.ts';

export { cacheSources, cacheTargets } from '../build/cache-sources.ts';
export type {
  BuildOptions,
  BuildOutput,
  BuildSecret,
  PullChoice,
  ResultOptions,
  RunOptions,
  SshSource,
} from '../build/build-options.ts';
export type {
  BuildEvent,
  BuildProgress,
  BuildReport,
  StageSummary,
  StepId,
} from '../build/build-progress.ts';

/**
 * Builds an image of a Containerfile, one for each platform. Throws ContainerfileError for what is wrong in it, StepFailedError with a
 * command's status.
 */
export async function buildImage(
  engine: Engine,
  options: BuildOptions,
  progress: BuildProgress,
): Promise<BuildReport> {
  refuseUnsupported(options);
  const prepared = await prepareBuild(options, {
    system: engine.syscalls,
    temporary: storeLayout(engine.paths.graphRoot).tmp,
    signal: options.signal,
  });
  try {
    const [first, ...others] = options.platforms;
    let report = await buildFor(engine, { prepared, options, platform: first }, progress);
    await addToList(engine, options.manifest, report);
    for (const platform of others) {
      report = await buildFor(engine, { prepared, options, platform }, progress);
      await addToList(engine, options.manifest, report);
    }
    return report;
  } finally {
    await prepared.close();
  }
}

interface PlatformBuild {
  prepared: PreparedBuild;
  options: BuildOptions;
  /** Undefined: the host's. */
  platform: string | undefined;
}

async function buildFor(
  engine: Engine,
  { prepared, options, platform }: PlatformBuild,
  progress: BuildProgress,
): Promise<BuildReport> {
  const names = options.tags.map((tag) => localName(engine, tag));
  const plan = prepared.plan(platform);
  const warnings = plan.warnings.map(({ message }) => message);
  for (const warning of plan.warnings) progress({ kind: 'warning', warning });
  if (plan.unusedBuildArgs.length > 0) {
    const message = `one or more build args were not consumed: [${plan.unusedBuildArgs.join(' ')}]`;
    warnings.push(message);
    progress({ kind: 'warning', warning: { message } });
  }
  return await executeBuild(
    buildHost(engine, options),
    { plan, openContext: (name) => contextOf(prepared, name) },
    {
      options,
      progress,
      finish: async (build, state) => {
        if (await writeOutputs(build, state)) return { imageId: undefined, names: [], warnings };
        const image = await finishImage(build, state, names);
        progress({ kind: 'built', imageId: image.id, names });
        return { imageId: image.id, names, warnings };
      },
    },
  );
}

/** The list is made when it is not there. */
async function addToList(engine: Engine, list: string | undefined, { imageId }: BuildReport): Promise<void> {
  if (list === undefined || imageId === undefined) return;
  const { addToManifestList, createManifestList } = await import('./manifest-lists.ts');
  createManifestList(engine, list, { amend: true, annotations: {} });
  await addToManifestList(engine, list, imageId, { all: false });
}

/** What cannot be honoured is said before anything is done. */
function refuseUnsupported({ platforms, result, run, manifest }: BuildOptions): void {
  const refuse = (what: string): never => {
    throw new UnsupportedError(what);
  };
  if (platforms.length > 1 && manifest === undefined)
    refuse('several platforms make several images: name a list for them with --manifest');
  if (result.layerLabels.size > 0) refuse('--layer-label is not supported: no intermediate images are made');
  if (run.userns !== undefined && run.userns !== 'host') refuse('--userns is not supported by build');
}

async function contextOf(prepared: PreparedBuild, name: string | undefined) {
  const { directory, ignored } = name === undefined ? prepared.context : await prepared.openContext(name);
  return { directory, ignored: ignored === IGNORES_NOTHING ? undefined : ignored };
}

/** Members are opened when they are first asked for, as those of the engine are. */
function buildHost(engine: Engine, options: BuildOptions): BuildHost {
  return {
    paths: engine.paths,
    get db() {
      return engine.db;
    },
    get store() {
      return engine.store;
    },
    get syscalls() {
      return engine.syscalls;
    },
    get config() {
      return engine.config;
    },
    get cdiDirectories() {
      return engine.cdiDirectories;
    },
    get hooksDirectories() {
      return engine.hooksDirectories;
    },
    get cleanupCommand() {
      return engine.cleanupCommand;
    },
    get monitorProgram() {
      return engine.monitorProgram;
    },
    get pauseProgram() {
      return engine.pauseProgram;
    },
    runtimeOptions: engine.runtimeOptions,
    foreignMonitor: engine.foreignMonitor,
    lookupNetwork: (name) => networkName(engine, name),
    obtainImage: (name, wish) => obtainImage(engine, options, name, wish),
    borrowImage: async (name, wish, use) => {
      const { borrowImage } = await import('./build-borrow.ts');
      return await borrowImage(engine, () => obtainImage(engine, options, name, wish), use);
    },
    pushMade: async (image, destination, signal) => {
      const { pushMade } = await import('./build-borrow.ts');
      await pushMade(engine, image, { ...registryAccess(engine, options, destination), destination, signal });
    },
  };
}

async function obtainImage(engine: Engine, options: BuildOptions, name: string, wish: ImageWish) {
  const { signal } = options;
  const { image, name: found } = await pullImage(
    engine,
    name,
    {
      policy: wish.policy,
      platform: wish.platform,
      ...registryAccess(engine, options, name),
      signal,
    },
    wish.progress,
  );
  return { image, name: found };
}

function registryAccess(engine: Engine, { registry }: BuildOptions, name: string) {
  const { authfile, creds, certDir } = registry;
  const { retry: retries, retryDelayMs } = retriesOf(engine, registry);
  return {
    ...{ authfile, creds, certDir },
    tlsVerify: tlsVerifyFor(engine, name, registry),
    credentials: registry.logins?.get(parseReference(name.replace(/^docker:\/\//, '')).domain),
    ...(retries === undefined ? {} : { retry: { attempts: retries + 1, delayMs: retryDelayMs ?? 1000 } }),
  };
}

/** Of flags, else of containers.conf. */
function retriesOf(
  { config }: Engine,
  { retries = config.engine.retry, retryDelayMs }: BuildOptions['registry'],
): { retry: number | undefined; retryDelayMs: number | undefined } {
  const { retryDelay } = config.engine;
  const configured = retryDelay === undefined ? undefined : parseDuration(retryDelay, 'retry_delay') / 1e6;
  const delay = retryDelayMs ?? configured;
  return {
    retry: retries ?? (configured === undefined ? undefined : USUAL_RETRIES),
    retryDelayMs: delay,
  };
}

const USUAL_RETRIES = 3;
