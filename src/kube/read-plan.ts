import { InvalidSpecError } from '../base/errors.ts';
import { claimOf } from './claim.ts';
import { configMapOf } from './config-map.ts';
import { type KubeDocument, readDocuments } from './documents.ts';
import { isRecord } from './field.ts';
import type { PlayPlan } from './plan.ts';
import { podOf } from './pod.ts';
import { secretKeysOf, secretOf } from './secret.ts';
import type { PlayContext } from './sources.ts';
import { templateOf } from './workload.ts';

/** What the caller knows; maps and secrets of the documents are added. */
export type PlanContext = Omit<PlayContext, 'configMaps' | 'secretKeys' | 'leaveOut'> & {
  /** Texts of files with ConfigMaps. */
  configMapTexts: readonly string[];
  /** Keys of secrets that are kept. */
  keptSecretKeys(name: string): readonly string[] | undefined;
};

export function readPlan(text: string, given: PlanContext): { plan: PlayPlan; warnings: string[] } {
  const { documents, others } = readDocuments(text);
  const of = (kind: KubeDocument['kind']): KubeDocument[] => documents.filter((each) => each.kind === kind);
  const maps = [...given.configMapTexts.flatMap(onlyConfigMaps), ...of('ConfigMap')];
  const secrets = new Map(of('Secret').map((each) => [each.metadata.name, secretKeysOf(each)]));
  const leftOut: string[] = [];
  const context: PlayContext = {
    ...given,
    leaveOut: (paths) => leftOut.push(...paths),
    configMaps: new Map(maps.map((each) => [each.metadata.name, configMapOf(each)])),
    secretKeys: (name) => secrets.get(name) ?? given.keptSecretKeys(name),
  };
  const templates = documents.filter(hasPods).map((each) => templateOf(each, context));
  const plan: PlayPlan = {
    claims: of('PersistentVolumeClaim').map((each) => claimOf(each, context)),
    secrets: of('Secret').map(secretOf),
    pods: templates.map((each) => podOf(each, context)),
  };
  if (plan.claims.length + plan.secrets.length + plan.pods.length === 0) throw nothing(documents.length > 0);
  return {
    plan,
    warnings: [
      ...others.map((kind) => `documents of kind ${kind} mean nothing here and are left out`),
      ...templates.flatMap(({ warnings }) => warnings),
      ...told(leftOut),
    ],
  };
}

/** One line a document. */
function told(paths: readonly string[]): string[] {
  const names = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    const [document = '', ...rest] = path.split(': ');
    names.set(document, [...(names.get(document) ?? []), rest.join(': ')]);
  }
  return [...names].map(([document, list]) => `${document}: has no effect here: ${list.join(', ')}`);
}

/** What `down` has to know: names alone. */
export function namesOf(text: string): { pods: string[]; secrets: string[]; claims: string[] } {
  const { documents } = readDocuments(text);
  const names = (of: readonly KubeDocument[]): string[] => of.map(({ metadata }) => metadata.name);
  return {
    pods: documents
      .filter(hasPods)
      .map(({ kind, metadata }) => (kind === 'Pod' ? metadata.name : `${metadata.name}-pod`)),
    secrets: names(documents.filter(({ kind }) => kind === 'Secret')),
    claims: names(documents.filter(({ kind }) => kind === 'PersistentVolumeClaim')),
  };
}

/** Names of the secrets that a text may refer to, wherever they stand. */
export function mentionedSecrets(text: string): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value as unknown[]) visit(item);
    if (!isRecord(value)) return;
    for (const key of ['secretRef', 'secretKeyRef', 'secret']) {
      const part = value[key];
      if (!isRecord(part)) continue;
      for (const name of [part['name'], part['secretName']]) if (typeof name === 'string') names.add(name);
    }
    for (const member of Object.values(value)) visit(member);
  };
  for (const { value } of readDocuments(text).documents) visit(value);
  return [...names];
}

function hasPods({ kind }: KubeDocument): boolean {
  return kind === 'Pod' || kind === 'Deployment' || kind === 'DaemonSet' || kind === 'Job';
}

function onlyConfigMaps(text: string): KubeDocument[] {
  const { documents } = readDocuments(text);
  const other = documents.find(({ kind }) => kind !== 'ConfigMap');
  if (other !== undefined)
    throw new InvalidSpecError(`--configmap takes documents of kind ConfigMap, not ${other.kind}`);
  return documents;
}

function nothing(hasConfigMaps: boolean): InvalidSpecError {
  return hasConfigMaps
    ? new InvalidSpecError(
        'ConfigMaps are not a standalone object: they must be used in a container of the same file',
      )
    : new InvalidSpecError('YAML document does not contain any supported kube kind');
}
