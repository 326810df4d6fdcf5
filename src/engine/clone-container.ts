import { crashPoint } from '../base/crash-point.ts';
import { InvalidSpecError, WrongStateError } from '../base/errors.ts';
import { NAME_PATTERN, newId } from '../base/ids.ts';
import type { ResolvedImage } from '../image/resolve.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { createContainer, type CreateContainerOptions } from '../libpod/create.ts';
import { enterPod, lookupPod } from '../libpod/pod.ts';
import { observe } from '../libpod/observe.ts';
import { removeContainer } from '../libpod/remove.ts';
import { renameContainer } from '../libpod/rename.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { holderOfName } from '../state/by-name-or-id.ts';
import type { CreateHooks } from './create-container.ts';
import type { Engine } from './engine.ts';
import { mergedLimits, type UpdateRequest } from './update-container.ts';

export interface CloneRequest {
  /** Absent: the name of the original with `-clone`, and a number where that is taken. */
  name: string | undefined;
  /** Instead of the original's. */
  image: ResolvedImage | undefined;
  limits: UpdateRequest;
  /** Which it becomes a member of. */
  pod?: string | undefined;
  /** Remove the original, which the clone takes the place of: its anonymous volumes go over. */
  destroy: boolean;
  /** Also when it runs. */
  force: boolean;
}

/** A new container like one that exists. Its file system is that of the image, not that of the original. */
export async function cloneContainer(
  engine: Engine,
  original: ContainerRecord,
  request: CloneRequest,
  hooks: Pick<CreateHooks, 'warn'>,
): Promise<ContainerRecord> {
  const name = request.name ?? freeCloneName(engine, original.name);
  if (!NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `invalid container name ${JSON.stringify(name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  const isLive = ['running', 'paused', 'initialized'].includes(observe(engine, original).state);
  if (request.destroy && isLive && !request.force)
    throw new WrongStateError(`cannot destroy container ${original.name}: it is running`, {
      hint: 'stop it first, or add --force',
    });
  // The original goes only once its clone is there, and until then it has the name.
  const takesName = request.destroy && name === original.name;
  const firstName = takesName ? freeCloneName(engine, name) : name;
  const spec = clonedSpec(engine, original.spec, { ...request, name: firstName });
  const member = request.pod === undefined ? undefined : await podMember(engine, spec, request.pod, hooks);
  const clone = await createContainer(engine, {
    spec,
    otherwise: request.destroy
      ? 'give the clone another one'
      : 'give the clone another one, or the place of the original with --destroy',
    ...member,
    topLayerId: request.image === undefined ? original.layerId : request.image.image.topLayerId,
  });
  if (!request.destroy) return clone;
  crashPoint('clone-before-destroy');
  await removeContainer(engine, original.id, { force: request.force, volumes: false });
  if (takesName) await renameContainer(engine, clone.id, name);
  return clone;
}

async function podMember(
  engine: Engine,
  spec: ContainerSpec,
  nameOrId: string,
  hooks: Pick<CreateHooks, 'warn'>,
): Promise<Pick<CreateContainerOptions, 'spec' | 'pod'>> {
  const { intoPod } = await import('./into-pod.ts');
  const { withPartsOf } = await import('./pod-parts.ts');
  const pod = lookupPod(engine.db, nameOrId);
  const infra = pod.infraId === undefined ? undefined : getContainer(engine.db, pod.infraId);
  return {
    spec: intoPod(withPartsOf(engine, spec, { from: undefined, to: { pod, infra } }, hooks), pod, infra),
    pod: { id: pod.id, enter: (id) => enterPod(engine.db, pod.id, { id, isInfra: false }) },
  };
}

/** `name` is free. Without limits and image those of the original count. */
export function clonedSpec(
  engine: Engine,
  spec: ContainerSpec,
  { name, image, limits, destroy }: CloneRequest & { name: string },
): ContainerSpec {
  const given = Object.values(limits).some((value) => value !== undefined);
  return {
    ...spec,
    name,
    ...(image === undefined
      ? {}
      : {
          imageId: image.image.id,
          imageName: image.name || (image.image.names[0] ?? ''),
          rawImageName: image.name || image.image.id,
        }),
    resources: given ? mergedLimits(engine, spec.resources, limits) : spec.resources,
    mounts: destroy ? spec.mounts : spec.mounts.map(ownVolume),
    // Files that name the original.
    cidFile: undefined,
    pidFile: undefined,
  };
}

/** An anonymous volume belongs to one container. */
function ownVolume(mount: ContainerSpec['mounts'][number]): ContainerSpec['mounts'][number] {
  if (mount.type === 'image-volume' || (mount.type === 'volume' && mount.anonymous))
    return { ...mount, name: newId() };
  return mount;
}

/** `NAME-clone`, with a number where that is taken; neither a container nor a pod has it. */
export function freeCloneName(engine: Engine, name: string): string {
  const base = `${name}-clone`;
  for (let count = 0; ; count++) {
    const candidate = count === 0 ? base : `${base}${count}`;
    if (holderOfName(engine.db, candidate) === undefined) return candidate;
  }
}
