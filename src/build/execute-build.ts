import { messageOf, TspodError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { Build, ContextDirectory } from './build.ts';
import type { BuildHost } from './build-host.ts';
import type { BuildOptions } from './build-options.ts';
import type { BuildProgress } from './build-progress.ts';
import { touchEntries } from './cache-rows.ts';
import { executeStage } from './execute-stage.ts';
import { FileDigests } from './file-digests.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import type { StageState } from './stage-state.ts';

export interface BuildInput {
  plan: BuildPlan;
  /** Undefined: the build context. */
  openContext(name: string | undefined): Promise<ContextDirectory>;
}

/** Builds the stages of the plan and gives the target's outcome to `finish`, while everything that it stands on is held. */
export async function executeBuild<T>(
  host: BuildHost,
  input: BuildInput,
  use: {
    options: BuildOptions;
    progress: BuildProgress;
    finish: (build: Build, state: StageState) => Promise<T>;
  },
): Promise<T> {
  const { options, progress } = use;
  await removeLeftovers(host);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const schedule = new Schedule(input.plan, options.jobs);
  let summaries = input.plan.stages.map(summaryOf);
  const build: Build = {
    host,
    options,
    plan: input.plan,
    progress,
    addSteps: (stage, count) => {
      summaries = summaries.map((summary) =>
        summary.index === stage.index ? { ...summary, steps: summary.steps + count } : summary,
      );
      progress({ kind: 'plan', stages: summaries });
    },
    digests: new FileDigests(host.db),
    openContext: (name) => input.openContext(name),
    stage: (index) => schedule.outcome(index),
    usedKeys: [],
    hasLooseLayers: false,
    atEnd: [],
    signal,
  };
  progress({ kind: 'plan', stages: summaries });
  try {
    const state = await schedule.run((stage) => executeStage(build, stage), stop);
    return await use.finish(build, state);
  } finally {
    await endBuild(build);
  }
}

function summaryOf(stage: PlannedStage) {
  const { index, name, platform, instructions } = stage;
  return { index, name, platform, steps: instructions.length + 1 };
}

async function endBuild(build: Build): Promise<void> {
  const { host } = build;
  try {
    for (const end of build.atEnd.splice(0)) await end();
    await build.digests.flush();
    touchEntries(host.db, build.usedKeys);
    if (build.hasLooseLayers) await host.store.layers.removeUnused();
  } catch (error) {
    // What the build came to is decided already.
    log('warn', `cannot tidy up after the build: ${messageOf(error)}`);
  }
}

/** Stages that wait for nobody run at the same time, as many as there may be. */
class Schedule {
  readonly #plan: BuildPlan;
  readonly #jobs: number;
  readonly #outcomes = new Map<number, PromiseWithResolvers<StageState>>();

  constructor(plan: BuildPlan, jobs: number) {
    this.#plan = plan;
    this.#jobs = Math.max(1, jobs);
    for (const { index } of plan.stages) {
      const outcome = Promise.withResolvers<StageState>();
      // A failure is told by `run`; who waits for this stage ends with it.
      outcome.promise.catch(() => undefined);
      this.#outcomes.set(index, outcome);
    }
  }

  outcome(index: number): Promise<StageState> {
    const found = this.#outcomes.get(index);
    if (found === undefined) throw new TspodError(`stage ${index} is not part of this build`);
    return found.promise;
  }

  async run(
    execute: (stage: PlannedStage) => Promise<StageState>,
    stop: AbortController,
  ): Promise<StageState> {
    const waiting = [...this.#plan.stages];
    const done = new Set<number>();
    const active = new Set<Promise<void>>();
    let failure: { error: unknown } | undefined;
    const isReady = (stage: PlannedStage): boolean =>
      stage.dependsOn.every((index) => done.has(index) || !this.#outcomes.has(index));
    while (failure === undefined && (waiting.length > 0 || active.size > 0)) {
      const at = active.size < this.#jobs ? waiting.findIndex(isReady) : -1;
      const [stage] = at < 0 ? [] : waiting.splice(at, 1);
      if (stage === undefined) {
        await Promise.race(active);
        continue;
      }
      const work = execute(stage)
        .then(
          (state) => {
            done.add(stage.index);
            this.#outcomes.get(stage.index)?.resolve(state);
          },
          (error: unknown) => {
            // The first one is the reason, the others end because of it.
            failure ??= { error };
            this.#outcomes.get(stage.index)?.reject(error);
            stop.abort(error);
          },
        )
        .finally(() => void active.delete(work));
      active.add(work);
    }
    await Promise.all(active);
    if (failure !== undefined) throw failure.error;
    return await this.outcome(this.#plan.target.index);
  }
}
