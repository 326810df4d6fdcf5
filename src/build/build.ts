import type { BuildHost } from './build-host.ts';
import type { BuildOptions } from './build-options.ts';
import type { BuildProgress, StepId } from './build-progress.ts';
import type { FileDigests } from './file-digests.ts';
import type { IgnoreMatcher } from './ignore-file.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';
import type { StageState } from './stage-state.ts';

/** A directory that files come from. */
export interface ContextDirectory {
  directory: string;
  /** Undefined: all of it counts. */
  ignored: IgnoreMatcher | undefined;
}

/** One build for one platform. */
export interface Build {
  host: BuildHost;
  options: BuildOptions;
  plan: BuildPlan;
  progress: BuildProgress;
  /** The base of a stage has so many steps to do first. */
  addSteps(stage: PlannedStage, count: number): void;
  digests: FileDigests;
  /** Undefined: the build context. */
  openContext(name: string | undefined): Promise<ContextDirectory>;
  /** The outcome of another stage, once it has been built. */
  stage(index: number): Promise<StageState>;
  /** Cache entries that were of use. */
  usedKeys: string[];
  /** Layers were made that no row of the cache holds. */
  hasLooseLayers: boolean;
  /** Things to be removed when the build has ended. */
  atEnd: (() => Promise<void> | void)[];
  /** Ends when one stage has failed or the caller gives up. */
  signal: AbortSignal;
}

/** Where an instruction stands. */
export interface StepPlace {
  stage: PlannedStage;
  state: StageState;
  id: StepId;
}
