import { InvalidSpecError } from '../base/errors.ts';
import { type KubeDocument, type Metadata, readMetadata } from './documents.ts';
import { type Field, membersOf, numberOf, pathOf } from './field.ts';

/** The template of a pod, with the name that the pod gets, and what cannot be had of it. */
export interface PodTemplate {
  spec: Field;
  metadata: Metadata;
  warnings: string[];
}

/** What a document of a kind with pods asks for: on one machine it is one pod. */
export function templateOf(document: KubeDocument): PodTemplate {
  const { kind, members, metadata, root } = document;
  const spec = members('spec');
  if (spec === undefined) throw new InvalidSpecError(`${root.path}spec: is missing`);
  if (kind === 'Pod') return { spec, metadata, warnings: [] };
  const parts = membersOf(spec, SHAPES[kind] ?? { takes: 'template' });
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
    warnings: limits(kind, parts),
  };
}

const SHAPES: Partial<Record<KubeDocument['kind'], { takes: string; ignores: string }>> = {
  Deployment: {
    takes: 'replicas template',
    ignores: 'selector strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds',
  },
  DaemonSet: { takes: 'template', ignores: 'selector updateStrategy minReadySeconds revisionHistoryLimit' },
  Job: {
    takes: 'template parallelism completions',
    ignores:
      'selector manualSelector ttlSecondsAfterFinished backoffLimit completionMode suspend podReplacementPolicy managedBy',
  },
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
