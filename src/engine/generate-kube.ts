import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { versionOfTspod } from '../base/build-info.ts';
import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, findContainer, getContainer, listPodContainers } from '../libpod/container.ts';
import { findPod, getPod, type PodRecord } from '../libpod/pod.ts';
import { settlePod } from '../libpod/pod-remove.ts';
import { findVolume, type VolumeRecord } from '../libpod/volume.ts';
import type { WriteSource } from '../kube/write-container.ts';
import { type WorkloadKind, writeDocuments } from '../kube/write-documents.ts';
import type { PodSource } from '../kube/write-pod.ts';
import type { Engine } from './engine.ts';

export type { WorkloadKind } from '../kube/write-documents.ts';

export interface GenerateKubeOptions {
  type: WorkloadKind;
  replicas: number;
  service: boolean;
  podmanOnly: boolean;
  warn(message: string): void;
}

export const WORKLOAD_KINDS: readonly WorkloadKind[] = ['pod', 'deployment', 'daemonset', 'job'];

/** Kubernetes' documents of containers (together one pod), pods and volumes. Throws NotFoundError for what is none of them. */
export async function generateKube(
  engine: Engine,
  names: readonly string[],
  options: GenerateKubeOptions,
): Promise<string> {
  const { type, replicas } = options;
  if (replicas !== 1 && type !== 'deployment')
    throw new InvalidSpecError('--replicas can only be set when --type is set to deployment');
  if (replicas < 1) throw new InvalidSpecError('--replicas must be 1 or more');
  const containers: ContainerRecord[] = [];
  const pods: PodRecord[] = [];
  const volumes: VolumeRecord[] = [];
  for (const name of names) {
    const found = await find(engine, name);
    if (found.container !== undefined) containers.push(ownContainer(engine, found.container));
    else if (found.pod !== undefined) pods.push(found.pod);
    else volumes.push(found.volume);
  }
  const sources = [
    ...(containers.length > 0 ? [ofContainers(engine, containers)] : []),
    ...pods.map((pod) => ofPod(engine, pod)),
  ];
  for (const { containers: of } of sources) for (const each of of) checkHonest(each, options.warn);
  return writeDocuments(sources, volumes, {
    ...options,
    kindOf,
    usualSysctls: engine.config.containers.defaultSysctls,
    drawNodePort: () => randomInt(30_000, 32_768),
    header: `# Made by tspod ${versionOfTspod()}: for \`tspod kube play\` and \`kubectl create -f\`.\n`,
  });
}

type Found =
  | { container: ContainerRecord; pod?: undefined }
  | { pod: PodRecord; container?: undefined }
  | { volume: VolumeRecord; container?: undefined; pod?: undefined };

async function find(engine: Engine, name: string): Promise<Found> {
  const container = findContainer(engine.db, name);
  if (container !== undefined) return { container };
  const stored = findPod(engine.db, name);
  const pod = stored === undefined ? undefined : await settlePod(engine, stored);
  if (pod !== undefined) return { pod };
  const volume = findVolume(engine, name);
  if (volume !== undefined) return { volume };
  throw new NotFoundError('container', name, {
    message: `name or ID ${JSON.stringify(name)} not found: no such container, pod or volume`,
  });
}

function ownContainer(engine: Engine, record: ContainerRecord): ContainerRecord {
  if (record.podId === undefined) return record;
  const pod = getPod(engine.db, record.podId)?.name ?? record.podId;
  throw new InvalidSpecError(
    `container ${record.id} is associated with pod ${pod}: use generate on the pod itself`,
  );
}

function ofContainers(engine: Engine, records: readonly ContainerRecord[]): PodSource {
  const [first] = records;
  return {
    name: `${first?.name ?? ''}-pod`,
    labels: {},
    createdAt: new Date(),
    hostname: first?.spec.hostname ?? '',
    sharesPid: false,
    infra: undefined,
    containers: records.map((record) => sourceOf(engine, record, '')),
  };
}

function ofPod(engine: Engine, pod: PodRecord): PodSource {
  const infra = pod.infraId === undefined ? undefined : getContainer(engine.db, pod.infraId);
  const members = listPodContainers(engine.db, pod.id).filter(({ id }) => id !== pod.infraId);
  return {
    name: pod.name,
    labels: pod.spec.labels,
    createdAt: new Date(),
    hostname: pod.spec.hostname,
    sharesPid: pod.spec.shares.includes('pid') && infra?.spec.namespaces.pid.mode !== 'host',
    infra: infra?.spec,
    containers: members.map((record) => sourceOf(engine, record, `${pod.name}-`)),
  };
}

/** The pod's name before a container's is what playing adds. */
function sourceOf(engine: Engine, { name, spec }: ContainerRecord, prefix: string): WriteSource {
  const image = spec.imageId === undefined ? undefined : engine.store.images.byId(spec.imageId);
  const short = prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return { name: short.replaceAll('_', '-'), spec, image: image?.config.config };
}

/** What Kubernetes has no words for is told, not lost in silence. */
function checkHonest({ name, spec }: WriteSource, warn: (message: string) => void): void {
  const tell = (what: string): void =>
    warn(`container ${name}: ${what} is left out: Kubernetes has no words for it`);
  if (spec.rootfs !== undefined)
    throw new InvalidSpecError(
      `container ${name} has no image: its root is the directory ${spec.rootfs.path}`,
    );
  if (spec.process.rlimits.length > 0 && spec.createCommand.some((word) => word.startsWith('--ulimit')))
    tell('--ulimit');
  if (spec.timeout > 0) tell('--timeout');
  if (spec.process.user !== '' && !/^\d+(:\d+)?$/.test(spec.process.user)) {
    // The image's user needs no words.
    if (spec.createCommand.some((word) => /^(--user|-u)/.test(word))) tell(`--user ${spec.process.user}`);
  }
}

function kindOf(path: string): 'Directory' | 'File' | 'Socket' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return 'Directory';
  if (stat?.isSocket()) return 'Socket';
  return stat?.isFile() ? 'File' : undefined;
}
