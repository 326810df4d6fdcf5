import { writeYaml } from '../base/yaml.ts';
import type { Written } from './write-container.ts';
import { dnsName, type PodSource, type WriteContext, writePod, writePorts } from './write-pod.ts';

export type WorkloadKind = 'pod' | 'deployment' | 'daemonset' | 'job';

export interface VolumeSource {
  name: string;
  createdAt: string;
  driver: string;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
}

export interface WriteOptions extends WriteContext {
  type: WorkloadKind;
  replicas: number;
  /** With a service for each pod that publishes ports. */
  service: boolean;
  /** A port that a cluster's nodes may open. */
  drawNodePort(): number;
  /** First lines of each document's comment. */
  header: string;
}

/** Claims, pods, services: in the order in which they can be made. */
export function writeDocuments(
  pods: readonly PodSource[],
  volumes: readonly VolumeSource[],
  options: WriteOptions,
): string {
  const documents = [
    ...volumes.map(writeClaim),
    ...pods.flatMap((source) => {
      const pod = writePod(source, options);
      const service = options.service ? writeService(pod, source, options) : undefined;
      return [workload(pod, options), ...(service === undefined ? [] : [service])];
    }),
  ];
  return `${options.header}${documents.map(writeYaml).join('---\n')}`;
}

const SUFFIX = {
  deployment: { kind: 'Deployment', apiVersion: 'apps/v1' },
  daemonset: { kind: 'DaemonSet', apiVersion: 'apps/v1' },
  job: { kind: 'Job', apiVersion: 'batch/v1' },
} as const;

function workload(pod: Written, { type, replicas, warn }: WriteOptions): Written {
  if (type === 'pod') return pod;
  const { kind, apiVersion } = SUFFIX[type];
  const metadata = pod['metadata'] as Written & { labels: Record<string, string> };
  const spec = { ...(pod['spec'] as Written) };
  if (type === 'job') {
    if (spec['restartPolicy'] !== 'OnFailure') spec['restartPolicy'] = 'Never';
  } else {
    if (spec['restartPolicy'] !== 'Always') warn(`the restart policy of a ${kind} is Always`);
    spec['restartPolicy'] = 'Always';
  }
  const { creationTimestamp, labels, name } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name: `${String(name)}-${type}`, creationTimestamp, labels },
    spec: {
      ...(type === 'job' ? {} : { selector: { matchLabels: labels } }),
      ...(type === 'deployment' && replicas !== 1 ? { replicas } : {}),
      template: { metadata, spec },
    },
  };
}

function writeService(
  pod: Written,
  { name, infra, containers }: PodSource,
  { drawNodePort }: WriteOptions,
): Written | undefined {
  const ports = (infra ?? containers[0]?.spec)?.network.ports ?? [];
  if (ports.length === 0) return undefined;
  const { creationTimestamp, labels } = pod['metadata'] as Written;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: dnsName(name), creationTimestamp, labels },
    spec: {
      type: 'NodePort',
      selector: labels,
      ports: writePorts(ports).map(({ containerPort, hostPort, protocol }) => ({
        name: String(containerPort),
        nodePort: drawNodePort(),
        port: hostPort,
        targetPort: containerPort,
        ...(protocol === undefined ? {} : { protocol }),
      })),
    },
  };
}

function writeClaim({ name, createdAt, driver, labels, options }: VolumeSource): Written {
  const words = [
    ['driver', driver],
    ['device', options['device']],
    ['type', options['type']],
    ['mount-options', options['o']],
    ['uid', options['uid']],
    ['gid', options['gid']],
  ] as const;
  const annotations = words.flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [[`volume.podman.io/${key}`, value] as const],
  );
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      creationTimestamp: new Date(createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      annotations: Object.fromEntries(annotations),
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}
