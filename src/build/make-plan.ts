import { messageOf, NotFoundError } from '../base/errors.ts';
import { suggest } from '../base/suggest.ts';
import { formatPlatform, parsePlatform } from '../image/manifest.ts';
import { expandWord } from './expand-word.ts';
import { readGlobalScope } from './global-scope.ts';
import type { ParsedContainerfile, ParsedStage } from './instruction.ts';
import { findContext, lookUpSource } from './look-up-source.ts';
import type { BuildPlan, GlobalScope, NamedContexts, PlannedStage, StageSource } from './plan.ts';
import { ContainerfileError, instructionError } from './source-error.ts';
import { findDependencies } from './stage-dependencies.ts';
import { isProxyArg } from './stage-scope.ts';

export interface PlanOptions {
  /** Name or index; the last stage by default. */
  target: string | undefined;
  buildArgs: ReadonlyMap<string, string>;
  /** The one that is built for; the host's by default. */
  platform: string | undefined;
  /** In place of the first FROM's image. */
  from: string | undefined;
  contexts: NamedContexts;
  skipUnusedStages: boolean;
}

/** Expands FROM, finds what the target needs, and leaves the rest out. */
export function planBuild(file: ParsedContainerfile, options: PlanOptions): BuildPlan {
  const target = findTarget(file, options.target);
  const globals = readGlobalScope(file, options, target.name);
  const planned: PlannedStage[] = [];
  for (const stage of file.stages) {
    if (stage.index > target.index) break;
    planned.push(planStage(stage, planned, { file, options, globals }));
  }
  const needed = new Set<number>();
  const need = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    for (const other of planned[index]?.dependsOn ?? []) need(other);
  };
  need(target.index);
  if (!options.skipUnusedStages) for (const { index } of planned) needed.add(index);
  return {
    fileName: file.fileName,
    directives: file.directives,
    stages: planned.filter(({ index }) => needed.has(index)),
    target: planned[target.index] ?? planStage(target, planned, { file, options, globals }),
    contexts: options.contexts,
    unusedBuildArgs: unusedArgs(file, options.buildArgs),
    globals,
    warnings: file.warnings,
  };
}

/** What `--from` of COPY and ADD and `from` of a mount mean in a stage. */
export function resolveSource(plan: BuildPlan, stageIndex: number, name: string): StageSource {
  return lookUpSource(name, { before: stageIndex, stages: plan.stages, contexts: plan.contexts });
}

interface Planning {
  file: ParsedContainerfile;
  options: PlanOptions;
  globals: GlobalScope;
}

function planStage(
  stage: ParsedStage,
  earlier: readonly PlannedStage[],
  { file, options, globals }: Planning,
): PlannedStage {
  const lookup = (name: string): string | undefined =>
    globals.globalArgs.get(name) ?? globals.platformArgs.get(name);
  const expand = (text: string): string => {
    try {
      return expandWord(text, { lookup, escape: file.directives.escape });
    } catch (error) {
      throw instructionError(stage, messageOf(error), { mark: text });
    }
  };
  const name = stage.index === 0 && options.from !== undefined ? options.from : expand(stage.base);
  if (name === '')
    throw instructionError(stage, `the image of FROM is empty: ${stage.base} has no value`, {
      mark: stage.base,
      hint: 'ARG before the first FROM gives it a default, --build-arg a value',
    });
  const platform = stage.platform === undefined ? '' : expand(stage.platform);
  const base = baseOf(name, stage, earlier, options.contexts);
  const wanted = platform === '' ? undefined : checkPlatform(stage, platform);
  return {
    ...stage,
    base,
    platform: wanted ?? globals.platformArgs.get('TARGETPLATFORM') ?? '',
    text: `FROM ${wanted === undefined ? '' : `--platform=${wanted} `}${name}${stage.name === undefined ? '' : ` AS ${stage.name}`}`,
    dependsOn: findDependencies(stage, base, { stages: earlier, contexts: options.contexts, globals }),
  };
}

function checkPlatform(stage: ParsedStage, text: string): string {
  try {
    return formatPlatform(parsePlatform(text));
  } catch (error) {
    throw instructionError(stage, messageOf(error), { mark: text });
  }
}

/** A number is no stage here: `FROM 0` would be an image of that name. */
function baseOf(
  name: string,
  stage: ParsedStage,
  earlier: readonly PlannedStage[],
  contexts: NamedContexts,
): StageSource {
  const named = stage.name === undefined ? undefined : findContext(stage.name, contexts);
  const context = named ?? findContext(name, contexts);
  if (context !== undefined) return context;
  if (name.toLowerCase() === 'scratch') return { kind: 'scratch' };
  const found = earlier.findLast((each) => each.name === name.toLowerCase());
  return found === undefined ? { kind: 'image', name } : { kind: 'stage', index: found.index };
}

function findTarget(file: ParsedContainerfile, target: string | undefined): ParsedStage {
  const last = file.stages.at(-1);
  const at = { file: file.fileName, firstLine: 1, lastLine: 1 };
  if (last === undefined) throw new ContainerfileError('there is no stage', { text: file.text, at });
  if (target === undefined || target === '') return last;
  const found =
    file.stages.findLast(({ name }) => name === target.toLowerCase()) ??
    (/^\d+$/.test(target) ? file.stages[Number(target)] : undefined);
  if (found !== undefined) return found;
  const names = file.stages.map(({ name }) => name).filter((name) => name !== undefined);
  const [best] = suggest(target, names);
  throw new NotFoundError('image', target, {
    message: `target stage ${JSON.stringify(target)} could not be found in ${file.fileName}`,
    ...(best === undefined ? {} : { hint: `did you mean ${best}?` }),
  });
}

function unusedArgs(file: ParsedContainerfile, buildArgs: ReadonlyMap<string, string>): string[] {
  const instructions = [...file.globalArgs, ...file.stages.flatMap((stage) => stage.instructions)];
  const declared = new Set(
    instructions
      .filter(({ keyword }) => keyword === 'ARG')
      .flatMap(({ rest }) => rest.split(/\s+/).map((word) => word.replace(/=.*/s, ''))),
  );
  return [...buildArgs.keys()].filter(
    (name) => !declared.has(name) && !isProxyArg(name) && !/^(BUILDKIT_|SOURCE_DATE_EPOCH$)/.test(name),
  );
}
