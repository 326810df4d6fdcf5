import { closeSync } from 'node:fs';
import { monotonicMs } from '../base/clock.ts';
import { messageOf, TspodError } from '../base/errors.ts';
import { type ConfigInstruction, applyConfig, shellOf, workingDirectory } from './apply-config.ts';
import type { Build, StepPlace } from './build.ts';
import type { StepId } from './build-progress.ts';
import { cacheKey } from './cache-rows.ts';
import { copyStep } from './copy-step.ts';
import { makeDirectories, nameBytes, openRoot } from './in-root.ts';
import type { ParsedInstruction } from './instruction.ts';
import { type LayerStep, mayUseCache, runLayerStep } from './layer-step.ts';
import { modifiedAt } from './modified-at.ts';
import { parseTrigger } from './parse-containerfile.ts';
import type { PlannedStage } from './plan.ts';
import { resolveInstruction } from './resolve-instruction.ts';
import { findShared, shareStep } from './shared-cache.ts';
import { runStep } from './run-step.ts';
import { ContainerfileError, instructionError } from './source-error.ts';
import { beginStage } from './stage-base.ts';
import { chainOf, type HistoryDocument, type StageState, textOf, wordsOf } from './stage-state.ts';
import { StepFailedError } from './step-error.ts';
import { openWorkingContainer } from './working-container.ts';

/** Works through one stage. */
export async function executeStage(build: Build, stage: PlannedStage): Promise<StageState> {
  const stepId = (step: number): StepId => ({ stage: stage.index, step, platform: stage.platform });
  const first = stepId(1);
  build.progress({ kind: 'step-started', step: first, text: stage.text });
  const state = await inStep(build, first, async () => {
    const begun = await beginStage(build, stage);
    return { value: begun, cached: false };
  });
  const triggers = takeTriggers(stage, state);
  if (triggers.length > 0) build.addSteps(stage, triggers.length);
  let step = 1;
  for (const parsed of [...triggers, ...stage.instructions]) {
    build.signal.throwIfAborted();
    step += 1;
    const id = stepId(step);
    build.progress({ kind: 'step-started', step: id, text: parsed.raw });
    await inStep(build, id, async () => ({
      value: undefined,
      cached: await executeInstruction(build, { stage, state, id }, parsed).catch((error: unknown) => {
        throw placed(build, parsed, error);
      }),
    }));
  }
  return state;
}

async function inStep<T>(
  build: Build,
  step: StepId,
  work: () => Promise<{ value: T; cached: boolean }>,
): Promise<T> {
  const begin = monotonicMs();
  try {
    const { value, cached } = await work();
    if (cached) build.progress({ kind: 'step-cached', step, imageId: undefined });
    else build.progress({ kind: 'step-done', step, imageId: undefined, durationMs: monotonicMs() - begin });
    return value;
  } catch (error) {
    build.progress({ kind: 'step-failed', step, reason: messageOf(error) });
    throw error;
  }
}

/** Says where in the Containerfile it happened, unless that is said already or nothing there is at fault. */
function placed(build: Build, parsed: ParsedInstruction, error: unknown): unknown {
  const isPlaced = error instanceof ContainerfileError || error instanceof StepFailedError;
  if (build.signal.aborted || isPlaced || !(error instanceof TspodError)) return error;
  return instructionError(parsed, error.message, { hint: error.hint, cause: error });
}

/** ONBUILD of the base image; they are done once. */
function takeTriggers(stage: PlannedStage, state: StageState): ParsedInstruction[] {
  if (stage.base.kind !== 'image' && stage.base.kind !== 'stage') return [];
  const texts = wordsOf(state.run, 'OnBuild');
  delete state.run['OnBuild'];
  const name = stage.base.kind === 'image' ? stage.base.name : stage.text;
  return texts.map((text) => parseTrigger(text, name));
}

/** Returns whether the outcome came from the cache. */
async function executeInstruction(
  build: Build,
  place: StepPlace,
  parsed: ParsedInstruction,
): Promise<boolean> {
  const { state } = place;
  const instruction = resolveInstruction(parsed, state.scope);
  switch (instruction.keyword) {
    case 'ARG':
      for (const { name, value } of instruction.args) state.scope.declareArg(name, value);
      state.history.push(emptyEntry(parsed.raw));
      return false;
    case 'RUN': {
      const step = await runStep(build, place, { instruction, parsed });
      return await apply(build, place, step, runText(state, step.description));
    }
    case 'ADD':
    case 'COPY': {
      const { step, summary } = await copyStep(build, place, instruction);
      const destination = instruction.destination;
      return await apply(build, place, step, `${NOP}${instruction.keyword} ${summary} in ${destination} `);
    }
    case 'WORKDIR': {
      const path = workingDirectory(state, instruction.path);
      state.run['WorkingDir'] = path;
      return await apply(build, place, directoryStep(build, place, path), NOP + parsed.raw);
    }
    default:
      return applyWithoutFiles(state, instruction, parsed);
  }
}

const NOP = '/bin/sh -c #(nop) ';

function applyWithoutFiles(
  state: StageState,
  instruction: ConfigInstruction,
  parsed: ParsedInstruction,
): boolean {
  applyConfig(state, instruction);
  state.history.push(emptyEntry(parsed.raw));
  return false;
}

function emptyEntry(raw: string): HistoryDocument {
  return { created_by: NOP + raw, empty_layer: true };
}

async function apply(build: Build, place: StepPlace, step: LayerStep, createdBy: string): Promise<boolean> {
  const { state, stage } = place;
  const outcome = await runLayerStep(build, step, {
    mayUseCache: mayUseCache(build, stage),
    elsewhere: () => findShared(build, state, { step, createdBy }),
  });
  await shareStep(build, state, { step, outcome });
  const changed = outcome.layer !== undefined;
  if (changed) state.top = outcome.layer;
  const author = textOf(state.document, 'author');
  state.history.push({
    created: outcome.createdAt,
    created_by: createdBy,
    ...(author === '' ? {} : { author }),
    ...(changed ? {} : { empty_layer: true }),
  });
  return outcome.cached;
}

/** As a shell would show it, with the args that it depends on before it. */
function runText(state: StageState, command: string): string {
  const args = state.scope.args().map(([name, value]) => `${name}=${value}`);
  const prefix = args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `;
  return `${prefix}${shellOf(state).join(' ')} ${command}`;
}

function directoryStep(build: Build, { state }: StepPlace, path: string): LayerStep {
  const { host } = build;
  return {
    key: cacheKey('directory', chainOf(state.top), path, modifiedAt(build) ?? null),
    description: `WORKDIR ${path}`,
    isTold: modifiedAt(build) === undefined,
    async perform() {
      const container = await openWorkingContainer(host, state.top?.id);
      try {
        const root = openRoot(host.syscalls, await container.mount());
        try {
          const attributes = { mode: 0o755, uid: 0, gid: 0 };
          const { made } = makeDirectories(host.syscalls, root, nameBytes(path), attributes);
          if (!made) return undefined;
        } finally {
          closeSync(root);
        }
        return await container.commit({ modifiedAt: modifiedAt(build) });
      } finally {
        await container.close();
      }
    },
  };
}
