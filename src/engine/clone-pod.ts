import { crashPoint } from '../base/crash-point.ts';
import { UnsupportedError } from '../base/errors.ts';
import { type ContainerRecord, getContainer, listPodContainers } from '../libpod/container.ts';
import { createContainer } from '../libpod/create.ts';
import { removePod } from '../libpod/pod-remove.ts';
import { enterPod, getPod, type PodRecord } from '../libpod/pod.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import { clonedSpec, freeCloneName } from './clone-container.ts';
import type { CreateHooks } from './create-container.ts';
import { createPod } from './create-pod.ts';
import type { Engine } from './engine.ts';
import { movedToCopy } from './into-pod.ts';

export interface ClonePodRequest {
  /** In place of the original's. */
  options: PodOptions;
  createCommand: string[];
  /** The copy takes the place of the original, which is stopped and removed. */
  destroy: boolean;
}

/** A new pod like one that exists, with a container like each of its containers. Their file systems are those of their images. */
export async function clonePod(
  engine: Engine,
  original: PodRecord,
  { options, createCommand, destroy }: ClonePodRequest,
  hooks: CreateHooks,
): Promise<PodRecord> {
  const { options: made } = original.spec;
  if (made === undefined)
    throw new UnsupportedError(
      `cannot clone pod ${original.name}: it was made by a version that did not keep its options`,
    );
  const name = options.name ?? freeCloneName(engine, original.name);
  const pod = await createPod(engine, { options: { ...made, ...options, name }, createCommand }, hooks);
  try {
    await cloneMembers(engine, original, pod, destroy);
  } catch (error) {
    await removePod(engine, pod.id, { force: true, stopTimeout: 0 });
    throw error;
  }
  crashPoint('pod-clone-before-destroy');
  if (destroy) await removePod(engine, original.id, { force: true });
  return pod;
}

async function cloneMembers(
  engine: Engine,
  from: PodRecord,
  to: PodRecord,
  keepsVolumes: boolean,
): Promise<void> {
  const infraId = getPod(engine.db, to.id)?.infraId;
  const infra = infraId === undefined ? undefined : getContainer(engine.db, infraId);
  const ids = new Map<string, string>();
  if (from.infraId !== undefined && infra !== undefined) ids.set(from.infraId, infra.id);
  for (const member of listPodContainers(engine.db, from.id)) {
    if (member.spec.podRole === 'infra') continue;
    const clone = await cloneMember(engine, member, { from, to, infra, ids, keepsVolumes });
    ids.set(member.id, clone.id);
  }
}

async function cloneMember(
  engine: Engine,
  member: ContainerRecord,
  place: {
    from: PodRecord;
    to: PodRecord;
    infra: ContainerRecord | undefined;
    /** Of the members that have been cloned already; a container depends only on older ones. */
    ids: ReadonlyMap<string, string>;
    keepsVolumes: boolean;
  },
): Promise<ContainerRecord> {
  const { to, ids, keepsVolumes } = place;
  const spec = clonedSpec(engine, member.spec, {
    name: freeCloneName(engine, member.name),
    image: undefined,
    limits: {},
    destroy: keepsVolumes,
    force: false,
  });
  return await createContainer(engine, {
    spec: movedToCopy(spec, ids, place),
    topLayerId: member.layerId,
    pod: { id: to.id, enter: (id) => enterPod(engine.db, to.id, { id, isInfra: false }) },
  });
}
