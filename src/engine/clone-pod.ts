import { crashPoint } from '../base/crash-point.ts';
import { UnsupportedError } from '../base/errors.ts';
import { type ContainerRecord, getContainer, listPodContainers } from '../libpod/container.ts';
import { createContainer } from '../libpod/create.ts';
import { removePod } from '../libpod/pod-remove.ts';
import { enterPod, getPod, type PodRecord } from '../libpod/pod.ts';
import type { MountSpec } from '../specgen/container-spec.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import { clonedSpec, freeCloneName } from './clone-container.ts';
import type { CreateHooks } from './create-container.ts';
import { createPod } from './create-pod.ts';
import type { Engine } from './engine.ts';
import { movedToCopy } from './into-pod.ts';
import { type PodPlace, withPartsOf } from './pod-parts.ts';

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
  const lasting = isAboutUsers(options) ? withoutUsers(made) : made;
  const volumes = destroy && options.volume === undefined ? anonymousVolumes(engine, original) : [];
  const request = { options: { ...lasting, ...options, name }, createCommand, volumes };
  const pod = await createPod(engine, request, hooks);
  try {
    await cloneMembers(engine, original, { to: pod, keepsVolumes: destroy, hooks });
  } catch (error) {
    await removePod(engine, pod.id, { force: true, stopTimeout: 0 });
    throw error;
  }
  crashPoint('pod-clone-before-destroy');
  if (destroy) await removePod(engine, original.id, { force: true });
  return pod;
}

function anonymousVolumes(engine: Engine, { infraId }: PodRecord): MountSpec[] {
  const infra = infraId === undefined ? undefined : getContainer(engine.db, infraId);
  return infra?.spec.mounts.filter((mount) => mount.type === 'volume' && mount.anonymous) ?? [];
}

/** They exclude each other: with one of them all are chosen anew. */
const ABOUT_USERS = ['userns', 'uidmap', 'gidmap', 'subuidname', 'subgidname'] as const;

function isAboutUsers(options: PodOptions): boolean {
  return ABOUT_USERS.some((key) => options[key] !== undefined);
}

function withoutUsers(options: PodOptions): PodOptions {
  const rest = { ...options };
  for (const key of ABOUT_USERS) delete rest[key];
  return rest;
}

async function cloneMembers(
  engine: Engine,
  from: PodRecord,
  { to, keepsVolumes, hooks }: { to: PodRecord; keepsVolumes: boolean; hooks: CreateHooks },
): Promise<void> {
  const infraOf = (id: string): ContainerRecord | undefined => {
    const infraId = getPod(engine.db, id)?.infraId;
    return infraId === undefined ? undefined : getContainer(engine.db, infraId);
  };
  const places = {
    from: { pod: from, infra: infraOf(from.id) },
    to: { pod: to, infra: infraOf(to.id) },
  };
  const ids = new Map<string, string>();
  const { infra } = places.to;
  if (from.infraId !== undefined && infra !== undefined) ids.set(from.infraId, infra.id);
  for (const member of listPodContainers(engine.db, from.id)) {
    if (member.spec.podRole === 'infra') continue;
    const clone = await cloneMember(engine, member, { places, ids, keepsVolumes, hooks });
    ids.set(member.id, clone.id);
  }
}

async function cloneMember(
  engine: Engine,
  member: ContainerRecord,
  {
    places,
    ids,
    keepsVolumes,
    hooks,
  }: {
    places: { from: PodPlace; to: PodPlace };
    /** Of the members that have been cloned already; a container depends only on older ones. */
    ids: ReadonlyMap<string, string>;
    keepsVolumes: boolean;
    hooks: CreateHooks;
  },
): Promise<ContainerRecord> {
  const { pod, infra } = places.to;
  const spec = clonedSpec(engine, withPartsOf(engine, member.spec, places, hooks), {
    name: freeCloneName(engine, member.name),
    image: undefined,
    limits: {},
    destroy: keepsVolumes,
    force: false,
  });
  return await createContainer(engine, {
    spec: movedToCopy(spec, ids, { from: places.from.pod, to: pod, infra }),
    topLayerId: member.layerId,
    pod: { id: pod.id, enter: (id) => enterPod(engine.db, pod.id, { id, isInfra: false }) },
  });
}
