import { type ContainerRecord, listPodContainers } from '../libpod/container.ts';
import { podStatus, type PodStatus } from '../libpod/pod-status.ts';
import type { PodRecord } from '../libpod/pod.ts';
import type { InspectDocument } from '../libpod/inspected.ts';
import { settleQuietly } from '../libpod/settle.ts';
import { displayState } from '../libpod/transitions.ts';
import type { Engine } from './engine.ts';
import { podPredicate } from './pod-filters.ts';
import { getLatestPod, settledPods } from './pods.ts';

export interface ListedPod {
  pod: PodRecord;
  status: PodStatus;
  /** With the infra container. */
  containers: ContainerRecord[];
  /** Names of those that the infra container is in. */
  networks: string[];
}

export interface ListPodsOptions {
  /** `key=value`, as `--filter` takes them. */
  filters: readonly string[];
  latest?: boolean;
}

/** Oldest first. */
export async function listPods(engine: Engine, options: ListPodsOptions): Promise<ListedPod[]> {
  const matches = podPredicate(engine, options.filters);
  const pods = options.latest ? [await getLatestPod(engine)] : await settledPods(engine);
  const listed: ListedPod[] = [];
  for (const pod of pods) listed.push(await lookAtPod(engine, pod));
  return listed.filter(matches);
}

/** Ids of its containers. */
export function listPodMembers(engine: Engine, pod: PodRecord): string[] {
  return listPodContainers(engine.db, pod.id).map(({ id }) => id);
}

/** Settles on its way what can be settled without waiting. */
export async function lookAtPod(engine: Engine, pod: PodRecord): Promise<ListedPod> {
  const containers: ContainerRecord[] = [];
  for (const stored of listPodContainers(engine.db, pod.id)) {
    const record = await settleQuietly(engine, stored);
    if (record !== undefined && record.state !== 'creating') containers.push(record);
  }
  const mode = containers.find(({ id }) => id === pod.infraId)?.spec.network.mode;
  return {
    pod,
    status: podStatus(containers.map(({ state }) => state)),
    containers,
    networks: mode?.mode === 'bridge' ? mode.networks.map(({ name }) => name) : [],
  };
}

/** podman's members of `pod ps --format json`, in its order. */
export function podDocument(listed: ListedPod): InspectDocument {
  const { pod, status, containers, networks } = listed;
  return {
    Cgroup: podCgroupParent(pod),
    Containers: containers.map(({ id, name, state, restartCount }) => ({
      Id: id,
      Names: name,
      Status: displayState(state),
      RestartCount: restartCount,
    })),
    Created: pod.createdAt,
    Id: pod.id,
    InfraId: pod.infraId ?? '',
    Name: pod.name,
    Namespace: '',
    Networks: networks,
    Status: status,
    Labels: pod.spec.labels,
  };
}

/** In which its cgroup is, or those of its containers where it has none. */
export function podCgroupParent({ spec }: PodRecord): string {
  return spec.cgroup === undefined ? (spec.cgroupParent ?? '') : parentOf(spec.cgroup);
}

/** The directory of a path; for a slice, the slice that its name says it is in. */
function parentOf(cgroup: string): string {
  if (cgroup.endsWith('.slice')) return `${cgroup.slice(0, cgroup.lastIndexOf('-'))}.slice`;
  return cgroup.slice(0, cgroup.lastIndexOf('/'));
}
