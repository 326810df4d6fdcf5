import { NotFoundError, UnsupportedError } from '../base/errors.ts';
import { findContainer, getContainer } from '../libpod/container.ts';
import { findPod, getPod, type PodRecord } from '../libpod/pod.ts';
import {
  limitMembers,
  networkMembers,
  type SpecDocument,
  specGenerator,
  told,
  withProgram,
} from '../specgen/spec-generator.ts';
import { freeCloneName } from './clone-container.ts';
import type { Engine } from './engine.ts';
import { getPodByName } from './pods.ts';

/** podman's specification of a container or pod. `rename`: with a name that is free, so that another one can be made of it now. */
export async function generateSpec(engine: Engine, nameOrId: string, rename: boolean): Promise<SpecDocument> {
  const record = findContainer(engine.db, nameOrId);
  const found = record === undefined ? findPod(engine.db, nameOrId) : undefined;
  if (record === undefined) {
    const pod = found ?? (await podByName(engine, nameOrId));
    return { ...podSpec(engine, pod), ...(rename ? { name: freeCloneName(engine, pod.name) } : {}) };
  }
  if (record.spec.podRole === 'infra')
    throw new UnsupportedError(`${record.name} is the infra container of a pod, which makes it itself`, {
      hint: 'name the pod',
    });
  if (record.spec.secrets?.some((use) => (use.type === 'env' ? use.parts : use.key) !== undefined))
    throw new UnsupportedError(
      `${record.name} has keys of Kubernetes' secrets, which a specification has no words for`,
      { hint: 'write its pod with tspod kube generate' },
    );
  const pod = record.podId === undefined ? undefined : getPod(engine.db, record.podId);
  const document = specGenerator(record.spec, pod);
  return { ...document, name: rename ? freeCloneName(engine, record.name) : record.name };
}

async function podByName(engine: Engine, nameOrId: string): Promise<PodRecord> {
  try {
    return await getPodByName(engine, nameOrId);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError('container', nameOrId, {
      message: `no container or pod with name or ID ${nameOrId} found`,
    });
  }
}

function podSpec(engine: Engine, pod: PodRecord): SpecDocument {
  const { spec } = pod;
  const { options = {} } = spec;
  const infra = pod.infraId === undefined ? undefined : getContainer(engine.db, pod.infraId)?.spec;
  const [policy, tries] = (spec.restart ?? '').split(':');
  const parts = infra === undefined ? {} : specGenerator(infra, undefined);
  const members = told({
    name: pod.name,
    labels: spec.labels,
    hostname: spec.hostname,
    exit_policy: spec.exitPolicy,
    restart_policy: policy,
    restart_tries: tries === undefined ? undefined : Number(tries),
    no_infra: infra === undefined,
    infra_name: options.infraName,
    infra_image: options.infraImage,
    infra_command: options.infraCommand?.split(' '),
    // Absent it would be the usual ones.
    shared_namespaces: infra === undefined ? undefined : sharedOf(spec.shares),
    cgroup_parent: spec.cgroupParent,
    security_opt: spec.inherited.securityOpt,
    pod_devices: spec.inherited.device,
    pod_create_command: withProgram(spec.createCommand),
    ...(infra === undefined ? {} : networkMembers(infra.network)),
    ...Object.fromEntries(POD_PARTS.map((member) => [member, parts[member]])),
    ...(spec.resources === undefined ? {} : limitMembers(spec.resources)),
  });
  // Absent it is true.
  return options.shareParent === false ? { ...members, share_parent: false } : members;
}

function sharedOf(shares: PodRecord['spec']['shares']): string[] {
  const given = shares.filter((kind) => kind !== 'user');
  return given.length === 0 ? ['none'] : given;
}

/** What the infra container has for all. */
const POD_PARTS = ['mounts', 'volumes', 'sysctl', 'shm_size', 'pidns', 'utsns'];
