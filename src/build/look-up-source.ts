import type { NamedContexts, StageSource } from './plan.ts';

export interface SourceCandidates {
  /** Only stages before this one count. */
  before: number;
  stages: readonly { index: number; name: string | undefined }[];
  contexts: NamedContexts;
}

/** Contexts win over stages, names over indexes, and what is neither is an image. Throws Error for an index too high. */
export function lookUpSource(name: string, { before, stages, contexts }: SourceCandidates): StageSource {
  const context = findContext(name, contexts);
  if (context !== undefined) return context;
  const earlier = stages.filter(({ index }) => index < before);
  const named = earlier.findLast((stage) => stage.name === name.toLowerCase());
  if (named !== undefined) return { kind: 'stage', index: named.index };
  if (/^\d+$/.test(name)) {
    const index = Number(name);
    if (!earlier.some((stage) => stage.index === index))
      throw new Error(`there is no stage ${name} before this one`);
    return { kind: 'stage', index };
  }
  return name.toLowerCase() === 'scratch' ? { kind: 'scratch' } : { kind: 'image', name };
}

/** `alpine`, `docker.io/library/alpine` and `alpine:latest` are one name here. */
export function findContext(name: string, contexts: NamedContexts): StageSource | undefined {
  const wanted = shortest(name);
  const found = contexts.has(name) ? name : [...contexts.keys()].find((each) => shortest(each) === wanted);
  const meaning = found === undefined ? undefined : contexts.get(found);
  if (found === undefined || meaning === undefined) return undefined;
  return meaning.kind === 'image' ? meaning : { kind: 'context', name: found };
}

function shortest(name: string): string {
  return name
    .toLowerCase()
    .replace(/^docker\.io\//, '')
    .replace(/^library\//, '')
    .replace(/:latest$/, '');
}
