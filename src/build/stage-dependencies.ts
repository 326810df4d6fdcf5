import type { ParsedInstruction, ParsedStage } from './instruction.ts';
import { lookUpSource } from './look-up-source.ts';
import type { GlobalScope, NamedContexts, StageSource } from './plan.ts';
import { resolveInstruction } from './resolve-instruction.ts';
import { instructionError } from './source-error.ts';
import { openStageScope, type StageScope } from './stage-scope.ts';

export interface Surroundings {
  stages: readonly { index: number; name: string | undefined }[];
  contexts: NamedContexts;
  globals: GlobalScope;
}

/**
 * Stages that must be there before this one. Names may hold variables; the environment of the base image is not known yet, so that
 * an instruction which needs it counts as naming no stage.
 */
export function findDependencies(
  stage: ParsedStage,
  base: StageSource,
  { stages, contexts, globals }: Surroundings,
): number[] {
  const found = new Set<number>();
  if (base.kind === 'stage') found.add(base.index);
  const scope = openStageScope(globals, []);
  for (const parsed of stage.instructions) {
    for (const name of sourcesNamed(parsed.trigger ?? parsed, scope)) {
      const source = lookUpAt(parsed, name, { before: stage.index, stages, contexts });
      if (source.kind === 'stage') found.add(source.index);
    }
  }
  return [...found].sort((a, b) => a - b);
}

function lookUpAt(
  parsed: ParsedInstruction,
  name: string,
  candidates: Parameters<typeof lookUpSource>[1],
): StageSource {
  try {
    return lookUpSource(name, candidates);
  } catch (error) {
    throw instructionError(parsed, error instanceof Error ? error.message : String(error), { mark: name });
  }
}

/** Keeps the scope up to date on the way. */
function sourcesNamed(parsed: ParsedInstruction, scope: StageScope): string[] {
  const resolved = tryResolve(parsed, scope);
  switch (resolved?.keyword) {
    case 'ARG':
      for (const { name, value } of resolved.args) scope.declareArg(name, value);
      return [];
    case 'ENV':
      for (const { name, value } of resolved.entries) scope.setEnv(name, value);
      return [];
    case 'COPY':
      return resolved.from === undefined ? [] : [resolved.from];
    case 'RUN':
      return resolved.mounts.flatMap((mount) =>
        (mount.type === 'bind' || mount.type === 'cache') && mount.from !== undefined ? [mount.from] : [],
      );
    default:
      return [];
  }
}

function tryResolve(parsed: ParsedInstruction, scope: StageScope) {
  try {
    return resolveInstruction(parsed, scope);
  } catch {
    return undefined;
  }
}
