import { InvalidSpecError } from '../base/errors.ts';
import { type KubeDocument, type Metadata, readMetadata } from './documents.ts';
import { type Field, membersOf, numberOf, pathOf, withoutEffect } from './field.ts';
import type { PlayContext } from './sources.ts';

/** The template of a pod, with the name that the pod gets, and what cannot be had of it. */
export interface PodTemplate {
  spec: Field;
  metadata: Metadata;
  /** How often a container of a Job that fails is started again. */
  attempts: number | undefined;
  warnings: string[];
}

/** What a document of a kind with pods asks for: on one machine it is one pod. */
export function templateOf(document: KubeDocument, context: Pick<PlayContext, 'leaveOut'>): PodTemplate {
  const { kind, members, metadata, root } = document;
  const spec = members('spec');
  if (spec === undefined) throw new InvalidSpecError(`${root.path}spec: is missing`);
  if (kind === 'Pod') return { spec, metadata, attempts: undefined, warnings: [] };
  const { takes, idle = '', ignores = '' } = SHAPES[kind] ?? { takes: 'template' };
  const parts = membersOf(spec, { takes: `${takes} ${idle}`, ignores });
  context.leaveOut(withoutEffect(parts, idle, USUAL));
  const template = parts('template');
  if (template === undefined) throw new InvalidSpecError(`${pathOf(spec, 'template')}: is missing`);
  const inner = membersOf(template, { takes: 'metadata spec' });
  const innerSpec = inner('spec');
  if (innerSpec === undefined) throw new InvalidSpecError(`${pathOf(template, 'spec')}: is missing`);
  const own = inner('metadata');
  const { labels, annotations } = own === undefined ? { labels: {}, annotations: {} } : readMetadata(own);
  return {
    spec: innerSpec,
    metadata: { ...metadata, name: `${metadata.name}-pod`, labels, annotations },
    attempts: numberOf(parts('backoffLimit')),
    warnings: limits(kind, parts),
  };
}

/** `idle`: they are told to have no effect. What selects the pods of the document's own template selects this one. */
const SHAPES: Partial<Record<KubeDocument['kind'], { takes: string; idle: string; ignores?: string }>> = {
  Deployment: {
    takes: 'replicas template',
    idle: 'strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds',
    ignores: 'selector',
  },
  DaemonSet: {
    takes: 'template',
    idle: 'updateStrategy minReadySeconds revisionHistoryLimit',
    ignores: 'selector',
  },
  Job: {
    takes: 'template parallelism completions backoffLimit',
    idle: 'activeDeadlineSeconds ttlSecondsAfterFinished completionMode suspend podFailurePolicy podReplacementPolicy successPolicy backoffLimitPerIndex maxFailedIndexes managedBy',
    ignores: 'selector manualSelector',
  },
};

/** What a cluster fills in by itself. */
const USUAL = {
  completionMode: 'NonIndexed',
  paused: false,
  podReplacementPolicy: 'TerminatingOrFailed',
  progressDeadlineSeconds: 600,
  revisionHistoryLimit: 10,
  suspend: false,
};

function limits(kind: string, parts: (name: string) => Field | undefined): string[] {
  const counts = [parts('replicas'), parts('parallelism'), parts('completions')];
  return counts.flatMap((field) => {
    const count = numberOf(field);
    return field === undefined || count === undefined || count === 1
      ? []
      : [`${field.path}: a ${kind} is one pod here, not ${count}`];
  });
}
