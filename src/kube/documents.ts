import { InvalidSpecError, messageOf } from '../base/errors.ts';
import { parseYamlDocuments } from '../base/yaml.ts';
import { type Field, isRecord, membersOf, type Members, pairsOf, requiredText } from './field.ts';

const LARGEST = 8 * 1024 * 1024;
const KINDS = [
  'PersistentVolumeClaim',
  'ConfigMap',
  'Secret',
  'Pod',
  'Deployment',
  'DaemonSet',
  'Job',
] as const;
export type Kind = (typeof KINDS)[number];

export interface KubeDocument {
  kind: Kind;
  /** Its whole, for what keeps it. */
  value: Record<string, unknown>;
  root: Field;
  members: Members;
  metadata: Metadata;
}

export interface Metadata {
  name: string;
  namespace: string;
  /** What it is here, once that is known. */
  uid?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** A stream's documents of the kinds that mean something here; `others`: the kinds that do not. */
export function readDocuments(text: string): { documents: KubeDocument[]; others: string[] } {
  if (text.length > LARGEST)
    throw new InvalidSpecError(`a Kubernetes file may have ${LARGEST} characters, not ${text.length}`);
  const values = parsed(text).flatMap((value) => flat(value));
  const others: string[] = [];
  const documents = values.flatMap((value, index) => {
    if (!isRecord(value) || typeof value['kind'] !== 'string')
      throw new InvalidSpecError(`document ${index + 1}: not a Kubernetes document: kind is missing`);
    const kind = KINDS.find((each) => each === value['kind']);
    if (kind !== undefined) return [open(kind, value, index)];
    others.push(value['kind']);
    return [];
  });
  return { documents, others };
}

function parsed(text: string): unknown[] {
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    throw new InvalidSpecError(`cannot read the Kubernetes file: ${messageOf(error)}`, { cause: error });
  }
}

/** What `kubectl get -o yaml` writes of several objects. */
function flat(value: unknown): unknown[] {
  if (!isRecord(value) || value['kind'] !== 'List' || !Array.isArray(value['items'])) return [value];
  return value['items'] as unknown[];
}

const BODIES: Readonly<Record<Kind, string>> = {
  PersistentVolumeClaim: 'spec',
  ConfigMap: 'data binaryData immutable',
  Secret: 'data stringData type immutable',
  Pod: 'spec',
  Deployment: 'spec',
  DaemonSet: 'spec',
  Job: 'spec',
};

function open(kind: Kind, value: Record<string, unknown>, index: number): KubeDocument {
  const named = isRecord(value['metadata']) ? value['metadata']['name'] : undefined;
  const shown = typeof named === 'string' && /^[\w.-]+$/.test(named) ? named : `document ${index + 1}`;
  const root = { path: `${kind}/${shown}: `, value };
  const members = membersOf(root, {
    takes: `apiVersion kind metadata ${BODIES[kind]}`,
    ignores: 'status',
  });
  const metadata = readMetadata(members('metadata') ?? { path: `${root.path}metadata`, value: {} });
  return { kind, value, root, members, metadata: { ...metadata, name: checkName(metadata.name, root) } };
}

export function readMetadata(field: Field): Metadata {
  const members = membersOf(field, {
    takes: 'name namespace labels annotations',
    ignores:
      'creationTimestamp uid resourceVersion generation selfLink managedFields ownerReferences finalizers generateName deletionTimestamp deletionGracePeriodSeconds',
  });
  const name = members('name');
  const namespace = members('namespace');
  return {
    name: name === undefined ? '' : requiredText(name, name.path),
    namespace: namespace === undefined ? 'default' : requiredText(namespace, namespace.path),
    labels: pairsOf(members('labels')),
    annotations: pairsOf(members('annotations')),
  };
}

/** Names become those of pods, volumes and secrets. */
function checkName(name: string, root: Field): string {
  if (name === '') throw new InvalidSpecError(`${root.path}metadata.name: is missing`);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) || name.length > 253)
    throw new InvalidSpecError(
      `${root.path}metadata.name: ${JSON.stringify(name)} must consist of letters, digits, hyphens, dots and underscores`,
    );
  return name;
}
